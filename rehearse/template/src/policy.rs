//! IAM policies, evaluated as IAM does: an explicit `Deny` wins, and what no
//! statement allows is denied.

/// The statements that apply to a function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy(pub Vec<Statement>);

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `Effect: Allow`.
    pub allow: bool,
    /// `Action` or `NotAction`.
    pub actions: Matches,
    /// `Resource` or `NotResource`.
    pub resources: Matches,
}

/// A list of patterns, in which `*` matches anything and `?` one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matches {
    /// What matches one of the patterns.
    AnyOf(Vec<String>),
    /// What matches none of the patterns.
    NoneOf(Vec<String>),
}

impl Policy {
    /// Whether `action` is allowed on the resource with this ARN.
    pub fn allows(&self, action: &str, resource: &str) -> bool {
        let applies = |statement: &&Statement| {
            statement.actions.includes_action(action) && statement.resources.includes(resource)
        };
        let mut statements = self.0.iter().filter(applies).peekable();
        statements.peek().is_some() && statements.all(|statement| statement.allow)
    }
}

impl Matches {
    /// Whether `text` is included.
    pub fn includes(&self, text: &str) -> bool {
        match self {
            Self::AnyOf(patterns) => patterns.iter().any(|pattern| matches(pattern, text)),
            Self::NoneOf(patterns) => !patterns.iter().any(|pattern| matches(pattern, text)),
        }
    }

    /// Whether the action is included. Actions are compared without regard to case.
    pub fn includes_action(&self, action: &str) -> bool {
        let lower = |patterns: &[String]| -> Vec<String> {
            patterns
                .iter()
                .map(|one| one.to_ascii_lowercase())
                .collect()
        };
        let action = action.to_ascii_lowercase();
        match self {
            Self::AnyOf(patterns) => Self::AnyOf(lower(patterns)).includes(&action),
            Self::NoneOf(patterns) => Self::NoneOf(lower(patterns)).includes(&action),
        }
    }
}

/// Whether `text` matches `pattern`, in which `*` matches anything and `?` one
/// character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut in_text) = (0, 0);
    // Where to continue when a star has to match one character more.
    let mut star: Option<(usize, usize)> = None;
    while in_text < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[in_text] => {
                at += 1;
                in_text += 1;
            }
            _ => match star {
                Some((of, from)) => {
                    star = Some((of, from + 1));
                    at = of + 1;
                    in_text = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &str = "arn:aws:execute-api:us-east-1:1:Api/live/POST/@connections/a";
    const DELETE: &str = "arn:aws:execute-api:us-east-1:1:Api/live/DELETE/@connections/a";
    const ACTION: &str = "execute-api:ManageConnections";

    fn statement(allow: bool, action: &str, resource: &str) -> Statement {
        Statement {
            allow,
            actions: Matches::AnyOf(vec![action.to_owned()]),
            resources: Matches::AnyOf(vec![resource.to_owned()]),
        }
    }

    #[test]
    fn wildcards_match_anything_and_one_character() {
        assert!(matches("*", "a/b"));
        assert!(matches("a/*/$default", "a/stage/$default"));
        assert!(matches("a?c*", "abc"));
        assert!(matches("*b*b", "abab"));
        assert!(!matches("a/*/$default", "a/stage/$connect"));
        assert!(!matches("a?c", "ac"));
        assert!(!matches("a/b", "a/b/c"));
    }

    #[test]
    fn action_effect_and_resource_decide() {
        let posts = "arn:aws:execute-api:*:*:Api/live/POST/*";
        let only_posts = Policy(vec![statement(true, ACTION, posts)]);
        assert!(only_posts.allows(ACTION, POST));
        assert!(!only_posts.allows(ACTION, DELETE));
        let other_api = Policy(vec![statement(
            true,
            ACTION,
            "arn:aws:execute-api:*:*:Other/*",
        )]);
        assert!(!other_api.allows(ACTION, POST));
        for action in ["execute-api:*", "Execute-API:Manage*", "*"] {
            let policy = Policy(vec![statement(true, action, "*")]);
            assert!(policy.allows(ACTION, POST), "{action}");
        }
        assert!(!Policy(vec![statement(true, "execute-api:Invoke", "*")]).allows(ACTION, POST));
    }

    #[test]
    fn an_explicit_deny_wins() {
        let policy = Policy(vec![
            statement(true, "execute-api:*", "*"),
            statement(false, ACTION, "*/DELETE/*"),
        ]);
        assert!(policy.allows(ACTION, POST));
        assert!(!policy.allows(ACTION, DELETE));
    }

    #[test]
    fn not_action_includes_every_other_action() {
        let not_action = |action: &str| {
            let mut one = statement(true, "", "*");
            one.actions = Matches::NoneOf(vec![action.to_owned()]);
            Policy(vec![one])
        };
        assert!(not_action("iam:*").allows(ACTION, POST));
        assert!(!not_action("execute-api:*").allows(ACTION, POST));
    }
}
