//! Somebody with an address, a password and a name, who is not signed in.

use std::sync::Arc;

use serde_json::json;

use super::answer::Answer;
use super::client::Client;
use super::person::Person;
use crate::stack::{Kind, Stack};

/// Somebody who may have an account or not.
#[derive(Clone)]
pub struct Visitor {
    /// Where they are.
    pub stack: Arc<Stack>,
    /// Their client, without a token.
    pub client: Client,
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
    /// Their name.
    pub name: String,
}

impl Visitor {
    /// Somebody new.
    pub fn new(stack: &Arc<Stack>, name: &str) -> Self {
        let (number, source) = stack.newcomer();
        let word = name.to_lowercase();
        let visitor = Self {
            stack: Arc::clone(stack),
            client: Client::new(stack, source),
            email: format!("{word}.{number}@example.com"),
            password: format!("{word} juggles violet lanterns {number}"),
            name: name.to_owned(),
        };
        visitor.note_secrets();
        visitor
    }

    /// The same person who types another password from now on.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        let visitor = Self {
            password: password.to_owned(),
            ..self.clone()
        };
        visitor.note_secrets();
        visitor
    }

    /// Asks for an account.
    pub async fn register(&self) -> Answer {
        let body = json!({"email": self.email, "password": self.password, "name": self.name});
        self.client.post("/api/register", body).await
    }

    /// Asks for a code to sign in.
    pub async fn login(&self) -> Answer {
        let body = json!({"email": self.email, "password": self.password});
        self.client.post("/api/login", body).await
    }

    /// Asks for a code to choose another password.
    pub async fn forgot_password(&self) -> Answer {
        let body = json!({"email": self.email});
        self.client.post("/api/forgot-password", body).await
    }

    /// The next mailed code.
    pub async fn code(&self) -> String {
        self.stack.inbox.next_code(&self.email).await
    }

    /// Enters a code.
    pub async fn verify(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({"challenge": challenge, "code": code});
        self.client.post("/api/verify-otp", body).await
    }

    /// Enters a code of an app, or a recovery code.
    pub async fn verify_totp(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({"challenge": challenge, "code": code});
        self.client.post("/api/verify-totp", body).await
    }

    /// Chooses another password with a code.
    pub async fn reset_password(&self, challenge: &str, code: &str, password: &str) -> Answer {
        self.client.secrets().note(Kind::Password, password);
        let body = json!({"challenge": challenge, "code": code, "password": password});
        self.client.post("/api/reset-password", body).await
    }

    /// Registers, and enters the mailed code.
    pub async fn sign_up(&self) -> Person {
        let challenge = self.register().await.expect(202).text("/challenge");
        let code = self.code().await;
        let answer = self.verify(&challenge, &code).await.expect(200);
        Person::new(self.clone(), &answer)
    }

    /// Signs in, and enters the mailed code.
    pub async fn sign_in(&self) -> Person {
        let challenge = self.login().await.expect(200).text("/challenge");
        let code = self.code().await;
        let answer = self.verify(&challenge, &code).await.expect(200);
        Person::new(self.clone(), &answer)
    }

    /// A code that is not `right`.
    pub fn wrong_code(right: &str) -> String {
        let last = right.as_bytes()[7] - b'0';
        format!("{}{}", &right[..7], (last + 1) % 10)
    }

    fn note_secrets(&self) {
        self.client.secrets().note(Kind::Address, &self.email);
        self.client.secrets().note(Kind::Password, &self.password);
    }
}
