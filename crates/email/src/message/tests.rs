use domain::Timestamp;

use super::*;

const ORIGIN: &str = "https://chat.example.com";

fn code(purpose: Purpose) -> Job {
    Job::SendOtp {
        email: "ann@example.com".into(),
        otp: "01234567".into(),
        purpose,
        challenge: "challenge-1".into(),
        expires_at: Timestamp::from_millis(1_795_388_759_999),
        link: None,
    }
}

fn others() -> Vec<Job> {
    let email = || "ann@example.com".to_owned();
    vec![
        Job::AccountExists { email: email() },
        Job::PasswordChanged {
            email: email(),
            totp: true,
            passkeys: 2,
        },
        Job::NewSignIn {
            email: email(),
            device: "Mozilla/5.0 Gecko/20100101 Firefox/140.0".into(),
            at: Timestamp::from_millis(1_795_388_759_999),
        },
        Job::Invited {
            email: email(),
            by: "<b>Bo</b> 12345678".into(),
            room: "Win at http://evil.example".into(),
        },
        Job::FactorChanged {
            email: email(),
            change: FactorChange::TotpOff,
        },
    ]
}

fn email_for(job: &Job) -> Email {
    Email::for_job(job, ORIGIN).expect("the job has an email").1
}

fn digit_runs(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|run| run.len() >= CODE_DIGITS)
        .collect()
}

#[test]
fn the_code_is_alone_on_a_line_and_nothing_else_looks_like_one() {
    for purpose in [Purpose::Register, Purpose::Login, Purpose::Reset] {
        let email = email_for(&code(purpose));
        let text = email.text();
        assert_eq!(text.lines().filter(|line| *line == "01234567").count(), 1);
        assert_eq!(digit_runs(&text), ["01234567"]);
        assert_eq!(digit_runs(&email.html()), ["01234567"]);
        assert!(digit_runs(email.subject).is_empty());
        assert!(text.contains("until 23:05 UTC"), "{text}");
    }
}

#[test]
fn every_email_says_why_it_was_sent_and_what_to_do_if_it_was_not_requested() {
    let codes = [Purpose::Register, Purpose::Login, Purpose::Reset].map(code);
    for job in codes.into_iter().chain(others()) {
        let text = email_for(&job).text();
        let flat = text.replace('\n', " ");
        assert!(flat.contains("You received this email because"), "{text}");
        assert!(
            ["If this was not you", "If you do not know them"]
                .iter()
                .any(|advice| flat.contains(advice)),
            "{text}"
        );
    }
}

#[test]
fn an_email_without_a_code_has_nothing_that_looks_like_one() {
    for job in others() {
        let email = email_for(&job);
        assert!(digit_runs(&email.text()).is_empty(), "{}", email.text());
        assert!(digit_runs(&email.html()).is_empty(), "{}", email.html());
    }
}

#[test]
fn names_chosen_by_others_are_neither_markup_nor_links() {
    let html = email_for(&others()[3]).html();
    assert!(html.contains("&lt;b&gt;Bo&lt;/b&gt;"), "{html}");
    assert!(!html.contains("http://evil"), "{html}");
}

#[test]
fn both_parts_are_plain_ascii_for_every_client() {
    for job in [code(Purpose::Login)].into_iter().chain(others()) {
        let email = email_for(&job);
        assert!(email.text().is_ascii() && email.html().is_ascii());
        assert!(email.text().lines().all(|line| line.len() <= 78));
    }
}

#[test]
fn a_job_without_its_code_is_not_sent() {
    assert!(email_for(&code(Purpose::Login).without_code()).lacks_its_code());
    assert!(!email_for(&code(Purpose::Login)).lacks_its_code());
    assert!(Email::for_job(&Job::Nothing {}, ORIGIN).is_none());
}

#[test]
fn item_15_no_email_calls_its_code_a_second_factor() {
    let codes = [Purpose::Register, Purpose::Login, Purpose::Reset].map(code);
    for job in codes {
        let email = email_for(&job);
        let text = format!("{} {}", email.subject, email.text()).to_lowercase();
        for claim in ["factor", "2fa", "mfa", "two-step", "two step"] {
            assert!(!text.contains(claim), "{text}");
        }
    }
}

#[test]
fn item_40_a_reset_email_has_a_link_whose_token_is_not_shown_by_other_emails() {
    let mut job = code(Purpose::Reset);
    if let Job::SendOtp { link, .. } = &mut job {
        *link = Some("a-token".into());
    }
    let text = email_for(&job).text();
    assert!(
        text.contains("https://chat.example.com/#reset=a-token"),
        "{text}"
    );
    assert!(email_for(&job).html().contains("#reset=a-token"));
    assert!(!email_for(&code(Purpose::Login)).text().contains("#reset="));
}

#[test]
fn item_45_after_a_password_change_the_owner_reads_what_else_signs_in() {
    let text = |totp, passkeys| {
        let email = "ann@example.com".to_owned();
        let job = Job::PasswordChanged {
            email,
            totp,
            passkeys,
        };
        email_for(&job).text().replace('\n', " ")
    };
    assert!(text(false, 0).contains("No other sign-in option is set up."));
    assert!(text(false, 1).contains("still work: 1 passkey."));
    assert!(text(true, 2).contains("still work: an authenticator app and 2 passkeys."));
}
