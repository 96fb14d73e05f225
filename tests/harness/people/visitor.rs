//! A person who is not signed in.

use std::sync::Arc;

use serde_json::json;

use super::client::Client;
use super::person::Person;
use super::response::Response;
use crate::stack::{Kind, Stack};

/// A person with an address, a password and a name, with or without an account.
#[derive(Clone)]
pub struct Visitor {
    pub stack: Arc<Stack>,
    /// A client without a token.
    pub client: Client,
    pub email: String,
    pub password: String,
    pub name: String,
}

impl Visitor {
    pub fn new(stack: &Arc<Stack>, name: &str) -> Self {
        let (number, source) = stack.next_person();
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

    /// The same person with another password.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        let visitor = Self {
            password: password.to_owned(),
            ..self.clone()
        };
        visitor.note_secrets();
        visitor
    }

    /// `POST /api/register`
    pub async fn register(&self) -> Response {
        let body = json!({"email": self.email, "password": self.password, "name": self.name});
        self.client.post("/api/register", body).await
    }

    /// `POST /api/login`
    pub async fn login(&self) -> Response {
        let body = json!({"email": self.email, "password": self.password});
        self.client.post("/api/login", body).await
    }

    /// `POST /api/forgot-password`
    pub async fn forgot_password(&self) -> Response {
        let body = json!({"email": self.email});
        self.client.post("/api/forgot-password", body).await
    }

    pub async fn code(&self) -> String {
        self.stack.inbox.next_code(&self.email).await
    }

    /// `POST /api/verify-otp`
    pub async fn verify(&self, challenge: &str, code: &str) -> Response {
        let body = json!({"challenge": challenge, "code": code});
        self.client.post("/api/verify-otp", body).await
    }

    /// `POST /api/verify-totp`
    pub async fn verify_totp(&self, challenge: &str, code: &str) -> Response {
        let body = json!({"challenge": challenge, "code": code});
        self.client.post("/api/verify-totp", body).await
    }

    /// `POST /api/reset-password`
    pub async fn reset_password(&self, challenge: &str, code: &str, password: &str) -> Response {
        self.client.secrets().note(Kind::Password, password);
        let body = json!({"challenge": challenge, "code": code, "password": password});
        self.client.post("/api/reset-password", body).await
    }

    /// Chooses another password with the token of an emailed link.
    pub async fn reset_by_link(&self, token: &str, password: &str) -> Response {
        self.client.secrets().note(Kind::Password, password);
        let body = json!({"token": token, "password": password});
        self.client.post("/api/reset-link", body).await
    }

    /// Registers with the mailed code.
    pub async fn sign_up(&self) -> Person {
        let challenge = self.register().await.expect(202).text("/challenge");
        let code = self.code().await;
        let response = self.verify(&challenge, &code).await.expect(200);
        Person::new(self.clone(), &response)
    }

    /// Signs in with the password and the mailed code.
    pub async fn sign_in(&self) -> Person {
        let challenge = self.login().await.expect(200).text("/challenge");
        let code = self.code().await;
        let response = self.verify(&challenge, &code).await.expect(200);
        Person::new(self.clone(), &response)
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
