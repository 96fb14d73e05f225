//! The database's files contain no readable secret.

use std::sync::Arc;

use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;

pub fn tests() -> Vec<Test> {
    e2e::tests![item_11_the_database_files_contain_no_code_password_or_token]
}

/// Finding the challenge's id shows that these are the live files and that they
/// are neither compressed nor encrypted as a whole.
async fn item_11_the_database_files_contain_no_code_password_or_token(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let challenge = ann.login().await.expect(200).text("/challenge");
    let code = ann.code().await;
    let copy = stack.copy_of_the_database();
    let holds = |text: &str| {
        copy.windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    };
    assert!(holds(&challenge) && holds(&ann.email));
    assert!(!holds(&code), "the files contain the code");
    assert!(!holds(&ann.password), "the files contain the password");
    for secret in secrets(&ann) {
        assert!(!holds(secret), "the files contain a token");
    }
    let response = ann.verify(&challenge, &code).await;
    response.expect(200);
}

/// The parts of a person's tokens that are secret: the signatures.
fn secrets(person: &Person) -> [&str; 2] {
    [&person.token, &person.cookie].map(|token| token.rsplit('.').next().unwrap_or_default())
}
