//! What is in the database's files.

use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;

pub fn tests() -> Vec<Test> {
    e2e::tests![item_11_a_copy_of_the_database_holds_no_code_password_or_token]
}

/// The challenge's own id is found, so the files are those that are written, and
/// nothing in them is compressed or encrypted.
async fn item_11_a_copy_of_the_database_holds_no_code_password_or_token(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let challenge = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    let copy = stack.copy_of_the_database();
    let holds = |text: &str| {
        copy.windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    };
    assert!(holds(&challenge) && holds(&ann.email));
    assert!(!holds(&code), "the code is in it");
    assert!(!holds(&ann.password), "the password is in it");
    for secret in secrets(&ann) {
        assert!(!holds(secret), "a token is in it");
    }
    let answer = ann.verify(&challenge, &code).await;
    answer.expect(200);
}

/// What of a person's tokens is worth something by itself.
fn secrets(person: &Person) -> [&str; 2] {
    [&person.token, &person.cookie].map(|token| token.rsplit('.').next().unwrap_or_default())
}
