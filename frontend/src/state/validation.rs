//! Validation before a form is sent, so that errors show at once. The service
//! validates everything again.

use domain::Code;
use domain::account::{EmailAddress, PersonName};
use domain::limits::{PASSWORD_CHARS_LEAST, PASSWORD_CHARS_MOST};

use super::Problem;
use crate::strings;

pub fn check_registration(name: &str, email: &str, password: &str) -> Result<(), Problem> {
    PersonName::parse("name", name)?;
    check_email("email", email)?;
    check_new_password(password)
}

pub fn check_email(field: &str, email: &str) -> Result<(), Problem> {
    EmailAddress::parse(field, email)?;
    Ok(())
}

/// The digits of an emailed code, which may be pasted with spaces, hyphens or
/// words around it.
pub fn read_code(typed: &str) -> Result<String, Problem> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    Code::parse("code", &digits)?;
    Ok(digits)
}

/// Whether the text is a complete code, which is submitted at once.
pub fn is_whole_code(typed: &str) -> bool {
    read_code(typed).is_ok()
}

/// A TOTP or recovery code without separators.
pub fn read_factor_code(typed: &str) -> Result<String, Problem> {
    let code: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    if code.is_empty() {
        return Err(Problem::of_field("code", strings::SECOND_FACTOR_MISSING));
    }
    Ok(code)
}

/// Checks only the length: the dictionary that judges how easily a password is
/// guessed is larger than the page, so the service does that.
pub fn check_new_password(password: &str) -> Result<(), Problem> {
    let count = password.chars().count();
    let fault = if count < PASSWORD_CHARS_LEAST {
        strings::password_short(count, PASSWORD_CHARS_LEAST)
    } else if count > PASSWORD_CHARS_MOST {
        strings::password_long(PASSWORD_CHARS_MOST)
    } else {
        return Ok(());
    };
    Err(Problem::of_field("password", fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_checked_field_by_field_before_it_is_sent() {
        let field = |result: Result<(), Problem>| result.err().and_then(|problem| problem.field);
        let password = "a few words to remember";
        assert_eq!(
            field(check_registration("Ann", "ann@example.com", password)),
            None
        );
        assert_eq!(
            field(check_registration(" ", "ann@example.com", password)).as_deref(),
            Some("name")
        );
        assert_eq!(
            field(check_registration("Ann", "ann", password)).as_deref(),
            Some("email")
        );
        assert_eq!(
            field(check_registration("Ann", "ann@example.com", "short")).as_deref(),
            Some("password")
        );
    }

    #[test]
    fn a_code_is_read_as_people_paste_it() {
        let field = |typed| read_code(typed).err().and_then(|problem| problem.field);
        assert_eq!(read_code(" 1234-5678 ").ok().as_deref(), Some("12345678"));
        assert_eq!(
            read_code("Your code: 1234 5678").ok().as_deref(),
            Some("12345678")
        );
        assert_eq!(field("1234").as_deref(), Some("code"));
        assert!(is_whole_code("12345678") && !is_whole_code("123456789"));
    }

    #[test]
    fn a_code_of_a_second_factor_is_digits_or_a_recovery_code() {
        assert_eq!(read_factor_code("123 456").ok().as_deref(), Some("123456"));
        assert_eq!(
            read_factor_code("abcd-EFGH ").ok().as_deref(),
            Some("abcdEFGH")
        );
        assert!(read_factor_code(" - ").is_err());
    }
}
