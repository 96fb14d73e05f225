//! The same in Firefox, as far as WebDriver alone can set it up.

use std::sync::Arc;

use e2e::browser::Engine;
use e2e::stack::Stack;
use e2e::suite::Test;

use super::{check, failures, input, navigation};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        the_code_step_survives_a_reload,
        texts_of_any_script_stay_in_their_place_and_links_are_what_they_seem,
        a_chat_with_a_person_without_an_account_says_so,
        a_persons_colour_is_the_same_everywhere,
    ]
}

async fn the_code_step_survives_a_reload(stack: Arc<Stack>) {
    check(navigation::code_step(&stack, Engine::Firefox).await);
}

async fn texts_of_any_script_stay_in_their_place_and_links_are_what_they_seem(stack: Arc<Stack>) {
    check(input::scripts(&stack, Engine::Firefox).await);
}

async fn a_chat_with_a_person_without_an_account_says_so(stack: Arc<Stack>) {
    check(failures::without_account(&stack, Engine::Firefox).await);
}

async fn a_persons_colour_is_the_same_everywhere(stack: Arc<Stack>) {
    check(failures::colour(&stack, Engine::Firefox).await);
}
