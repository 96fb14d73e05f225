//! The steps that rotate a secret of the stack, in order. `cargo xtask rotate` executes
//! them on AWS, and an end-to-end test those of keys on the runner, so that the tested
//! order is the one that is used.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The keys of hashes: `PepperSecret`.
    Pepper,
    /// The keys of access tokens: `SigningSecret`.
    Signing,
    /// CloudFront's proof: `ViewerSecret`.
    Viewer,
    /// The logins of functions and mappings: `PublisherSecret` and `ConsumerSecret`.
    Broker,
}

/// The secrets that hold a login of the broker.
const LOGINS: [&str; 2] = ["PublisherSecret", "ConsumerSecret"];

impl Subject {
    /// The logical ids of its secrets.
    pub fn secrets(self) -> &'static [&'static str] {
        match self {
            Self::Pepper => &["PepperSecret"],
            Self::Signing => &["SigningSecret"],
            Self::Viewer => &["ViewerSecret"],
            Self::Broker => &LOGINS,
        }
    }

    /// The parameter that names the half in use.
    fn in_use(self) -> Option<&'static str> {
        match self {
            Self::Pepper => Some("PepperInUse"),
            Self::Signing => Some("SigningSecretInUse"),
            Self::Viewer | Self::Broker => None,
        }
    }
}

/// A half of a secret, each of which is a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    First,
    Second,
}

impl Half {
    fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

/// One step. Each may be repeated after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Replace a half of a secret by a new key.
    ReplaceHalf { secret: &'static str, half: Half },
    ChangeLogin {
        secret: &'static str,
        change: LoginChange,
    },
    /// Deploy with these parameters, the others as before.
    Update {
        parameters: Vec<(&'static str, String)>,
    },
}

/// What becomes of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginChange {
    /// Name the next user as well, so that `Setup` makes it.
    AddNext,
    /// Log in as the next user. The one before still exists.
    Switch,
    /// Forget the one before, so that `Setup` deletes it.
    DropEarlier,
}

/// The parameters of the stack, and the texts of its secrets by their logical ids.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub parameters: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, String>,
}

/// A login of the broker, as functions and mappings read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    username: String,
    password: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    also: Option<Box<Login>>,
}

/// The steps that rotate `subject`. A rotation that was interrupted is continued.
///
/// # Errors
/// If a parameter or secret is missing or malformed.
pub fn plan(subject: Subject, state: &State) -> anyhow::Result<Vec<Step>> {
    let mut epoch: u32 = state
        .parameters
        .get("SecretsEpoch")
        .context("the stack has no parameter SecretsEpoch: deploy the current template first")?
        .parse()
        .context("SecretsEpoch is not a number")?;
    let mut update = |more: Option<(&'static str, String)>| {
        epoch += 1;
        let raised = ("SecretsEpoch", epoch.to_string());
        Step::Update {
            parameters: more.into_iter().chain([raised]).collect(),
        }
    };
    if let Some(parameter) = subject.in_use() {
        let in_use = match state.parameters.get(parameter).map(String::as_str) {
            Some("first") => Half::First,
            Some("second") => Half::Second,
            _ => bail!("{parameter} is neither first nor second"),
        };
        let half = in_use.other();
        let secret = subject.secrets()[0];
        let replace = Step::ReplaceHalf { secret, half };
        return Ok(vec![replace, update(Some((parameter, half.to_string())))]);
    }
    if subject == Subject::Viewer {
        let secret = subject.secrets()[0];
        return Ok([Half::First, Half::Second]
            .into_iter()
            .flat_map(|half| [Step::ReplaceHalf { secret, half }, update(None)])
            .collect());
    }
    let mut steps = Vec::new();
    let mut remaining = remaining_changes(state)?;
    // What was changed before an interruption may not be deployed yet.
    if remaining.len() < 3 {
        steps.push(update(None));
    }
    for change in remaining.drain(..) {
        steps.extend(LOGINS.map(|secret| Step::ChangeLogin { secret, change }));
        steps.push(update(None));
    }
    Ok(steps)
}

/// The changes that the logins still need.
fn remaining_changes(state: &State) -> anyhow::Result<Vec<LoginChange>> {
    let mut done = usize::MAX;
    for secret in LOGINS {
        let text = state.secrets.get(secret).context("a login is missing")?;
        let login = read_login(secret, text)?;
        let own = match &login.also {
            None => 0,
            Some(also) if number(&also.username)? > number(&login.username)? => 1,
            Some(_) => 2,
        };
        done = done.min(own);
    }
    let all = [
        LoginChange::AddNext,
        LoginChange::Switch,
        LoginChange::DropEarlier,
    ];
    Ok(all[done..].to_vec())
}

/// `text` with one half replaced by `key`, which must have its length.
///
/// # Errors
/// If `text` has no two halves, or `key` another length.
pub fn replace_half(text: &str, half: Half, key: &str) -> anyhow::Result<String> {
    ensure!(
        text.is_ascii() && text.len().is_multiple_of(2) && key.len() * 2 == text.len(),
        "the secret is not two keys of {} characters",
        key.len()
    );
    let (first, second) = text.split_at(text.len() / 2);
    Ok(match half {
        Half::First => format!("{key}{second}"),
        Half::Second => format!("{first}{key}"),
    })
}

/// The login `text` of `secret` after `change`. A change that was made already changes
/// nothing.
///
/// # Errors
/// If `text` is not a login, or its user has no number.
pub fn change_login(
    secret: &str,
    text: &str,
    change: LoginChange,
    password: &str,
) -> anyhow::Result<String> {
    let login = read_login(secret, text)?;
    let own = number(&login.username)?;
    let other = match &login.also {
        None => None,
        Some(also) => Some(number(&also.username)?),
    };
    let changed = match (change, login.also.clone()) {
        (LoginChange::AddNext, None) => {
            let (role, _) = login.username.rsplit_once('-').unwrap_or_default();
            let next = Login {
                username: format!("{role}-{}", own + 1),
                password: password.to_owned(),
                also: None,
            };
            Login {
                also: Some(Box::new(next)),
                ..login
            }
        }
        (LoginChange::Switch, Some(next)) if other > Some(own) => Login {
            also: Some(Box::new(Login {
                also: None,
                ..login
            })),
            ..*next
        },
        (LoginChange::DropEarlier, Some(_)) if other < Some(own) => Login {
            also: None,
            ..login
        },
        _ => login,
    };
    Ok(serde_json::to_string(&changed)?)
}

fn read_login(secret: &str, text: &str) -> anyhow::Result<Login> {
    // The error of serde would quote the text.
    serde_json::from_str(text)
        .ok()
        .with_context(|| format!("{secret} is not a login"))
}

fn number(username: &str) -> anyhow::Result<u32> {
    let number = username.rsplit_once('-').map(|(_, number)| number.parse());
    let Some(Ok(number)) = number else {
        bail!("the user {username} has no number");
    };
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(publisher: &str, consumer: &str) -> State {
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect()
        };
        State {
            parameters: pairs(&[
                ("PepperInUse", "first"),
                ("SigningSecretInUse", "second"),
                ("SecretsEpoch", "7"),
            ]),
            secrets: pairs(&[("PublisherSecret", publisher), ("ConsumerSecret", consumer)]),
        }
    }

    fn plain(name: &str) -> String {
        format!(r#"{{"username":"{name}","password":"p"}}"#)
    }

    fn usual() -> State {
        state(&plain("publisher-1"), &plain("consumer-1"))
    }

    #[test]
    fn the_half_that_is_not_in_use_is_replaced_and_then_put_in_use() {
        let steps = plan(Subject::Pepper, &usual()).unwrap();
        let expected = [
            Step::ReplaceHalf {
                secret: "PepperSecret",
                half: Half::Second,
            },
            Step::Update {
                parameters: vec![
                    ("PepperInUse", "second".to_owned()),
                    ("SecretsEpoch", "8".to_owned()),
                ],
            },
        ];
        assert_eq!(steps, expected);
        let steps = plan(Subject::Signing, &usual()).unwrap();
        let expected = Step::ReplaceHalf {
            secret: "SigningSecret",
            half: Half::First,
        };
        assert_eq!(steps[0], expected);
    }

    #[test]
    fn both_halves_of_the_proof_are_replaced_one_deployment_after_the_other() {
        let steps = plan(Subject::Viewer, &usual()).unwrap();
        let update = |epoch: &str| Step::Update {
            parameters: vec![("SecretsEpoch", epoch.to_owned())],
        };
        assert_eq!(steps.len(), 4);
        assert_eq!((&steps[1], &steps[3]), (&update("8"), &update("9")));
        let text = replace_half("aabb", Half::First, "cc").unwrap();
        assert_eq!(replace_half(&text, Half::Second, "dd").unwrap(), "ccdd");
        assert!(replace_half("aabb", Half::First, "c").is_err());
    }

    #[test]
    fn a_user_of_the_broker_exists_before_it_is_used_and_until_it_is_not() {
        let steps = plan(Subject::Broker, &usual()).unwrap();
        assert_eq!(steps.len(), 9);
        let mut text = plain("publisher-1");
        let mut users = Vec::new();
        for step in steps {
            if let Step::ChangeLogin {
                secret: "PublisherSecret",
                change,
            } = step
            {
                text = change_login("PublisherSecret", &text, change, "new").unwrap();
                let login = read_login("", &text).unwrap();
                users.push((login.username, login.also.map(|also| also.username)));
            }
        }
        let user = |number| format!("publisher-{number}");
        let expected = [
            (user(1), Some(user(2))),
            (user(2), Some(user(1))),
            (user(2), None),
        ];
        assert_eq!(users, expected);
    }

    #[test]
    fn an_interrupted_rotation_is_continued_where_it_stopped() {
        let mut texts = [plain("publisher-1"), plain("consumer-1")];
        let add = LoginChange::AddNext;
        texts[0] = change_login("PublisherSecret", &texts[0], add, "new").unwrap();
        // Only one of both was changed: the change is repeated, and changes it no more.
        let steps = plan(Subject::Broker, &state(&texts[0], &texts[1])).unwrap();
        assert_eq!(steps.len(), 9);
        let again = change_login("PublisherSecret", &texts[0], add, "newer").unwrap();
        assert_eq!(again, texts[0]);
        texts[1] = change_login("ConsumerSecret", &texts[1], add, "new").unwrap();
        let steps = plan(Subject::Broker, &state(&texts[0], &texts[1])).unwrap();
        assert_eq!(steps.len(), 7);
        assert!(matches!(steps[0], Step::Update { .. }));
        let change = LoginChange::Switch;
        let secret = "PublisherSecret";
        assert_eq!(steps[1], Step::ChangeLogin { secret, change });
    }

    #[test]
    fn a_stack_of_an_older_template_is_refused() {
        let mut state = usual();
        state.parameters.remove("SecretsEpoch");
        let error = plan(Subject::Pepper, &state).unwrap_err();
        assert!(error.to_string().contains("SecretsEpoch"));
        let error = change_login("PublisherSecret", "hush", LoginChange::Switch, "").unwrap_err();
        assert!(!format!("{error:#}").contains("hush"));
    }
}
