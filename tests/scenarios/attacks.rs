//! The attacks of `cargo xtask attack`, each only as long as it takes for an answer.

use std::sync::Arc;
use std::time::Duration;

use e2e::attack;
use e2e::stack::Stack;
use e2e::suite::Test;

/// Attacks on accounts and rooms of their own.
pub fn tests() -> Vec<Test> {
    e2e::tests![
        wrong_passwords_do_not_lock_owners_out,
        requested_codes_do_not_lock_owners_out,
        both_together_do_not_lock_owners_out,
        a_sign_in_with_the_old_password_ends_at_a_reset,
        networks_of_one_ipv6_site_are_counted_together,
        a_form_of_another_site_does_not_sign_in,
        a_shared_source_address_does_not_lock_owners_out,
        a_reset_names_the_factors_that_remain,
        others_do_not_fill_the_rooms_of_an_owner,
        refused_invitations_do_not_tell_who_has_an_account,
        one_address_is_mailed_few_invitations,
        a_subscription_ends_with_its_membership,
        presence_and_handshakes_of_one_user_are_limited,
        requests_of_one_user_are_limited,
        heavy_frames_of_one_user_are_limited,
        deceptive_names_are_refused_and_similar_ones_marked,
    ]
}

/// Attacks that change how mail is accepted, measure the processor or use all of it.
pub fn serial_tests() -> Vec<Test> {
    e2e::tests![
        races_do_not_exceed_the_limit_of_rooms,
        refused_passwords_are_not_judged,
        an_address_that_does_not_exist_is_mailed_once,
        a_function_s_broker_login_only_publishes,
    ]
}

async fn withstands(stack: &Arc<Stack>, id: &str) {
    let attack = attack::by_id(id).expect("an attack");
    let report = attack::run(stack, attack, Duration::from_secs(2)).await;
    assert!(report.failures().is_empty(), "{report}");
}

async fn wrong_passwords_do_not_lock_owners_out(stack: Arc<Stack>) {
    withstands(&stack, "F1a").await;
}

async fn requested_codes_do_not_lock_owners_out(stack: Arc<Stack>) {
    withstands(&stack, "F1b").await;
}

async fn both_together_do_not_lock_owners_out(stack: Arc<Stack>) {
    withstands(&stack, "F1ab").await;
}

async fn a_sign_in_with_the_old_password_ends_at_a_reset(stack: Arc<Stack>) {
    withstands(&stack, "F6").await;
}

async fn networks_of_one_ipv6_site_are_counted_together(stack: Arc<Stack>) {
    withstands(&stack, "F7").await;
}

async fn a_form_of_another_site_does_not_sign_in(stack: Arc<Stack>) {
    withstands(&stack, "F11").await;
}

async fn a_shared_source_address_does_not_lock_owners_out(stack: Arc<Stack>) {
    withstands(&stack, "F13").await;
}

async fn races_do_not_exceed_the_limit_of_rooms(stack: Arc<Stack>) {
    withstands(&stack, "F14").await;
}

async fn a_reset_names_the_factors_that_remain(stack: Arc<Stack>) {
    withstands(&stack, "F15").await;
}

async fn others_do_not_fill_the_rooms_of_an_owner(stack: Arc<Stack>) {
    withstands(&stack, "F2").await;
}

async fn refused_invitations_do_not_tell_who_has_an_account(stack: Arc<Stack>) {
    withstands(&stack, "F4").await;
}

async fn one_address_is_mailed_few_invitations(stack: Arc<Stack>) {
    withstands(&stack, "F5").await;
}

async fn a_subscription_ends_with_its_membership(stack: Arc<Stack>) {
    withstands(&stack, "F8").await;
}

async fn presence_and_handshakes_of_one_user_are_limited(stack: Arc<Stack>) {
    withstands(&stack, "F9a").await;
}

async fn requests_of_one_user_are_limited(stack: Arc<Stack>) {
    withstands(&stack, "F9b").await;
}

async fn heavy_frames_of_one_user_are_limited(stack: Arc<Stack>) {
    withstands(&stack, "F9c").await;
}

async fn deceptive_names_are_refused_and_similar_ones_marked(stack: Arc<Stack>) {
    withstands(&stack, "F12").await;
}

async fn a_function_s_broker_login_only_publishes(stack: Arc<Stack>) {
    withstands(&stack, "F16").await;
}

async fn refused_passwords_are_not_judged(stack: Arc<Stack>) {
    withstands(&stack, "F3").await;
}

async fn an_address_that_does_not_exist_is_mailed_once(stack: Arc<Stack>) {
    withstands(&stack, "F10").await;
}
