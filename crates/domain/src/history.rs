//! The query of a page of a room's history.

use crate::text::ValidationError;

pub const PAGE_MOST: u32 = 200;
/// The limit where the query has none.
pub const PAGE_DEFAULT: u32 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    Newest,
    /// Messages just before this `seq`, exclusive.
    Before(i64),
    /// Messages just after this `seq`, exclusive.
    After(i64),
    /// Messages on both sides of this `seq`, inclusive.
    Around(i64),
}

/// `?before=N|after=N|around=N&limit=L`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageQuery {
    pub cursor: Cursor,
    /// 1 to [`PAGE_MOST`].
    pub limit: u32,
}

impl PageQuery {
    /// Parses a query string's parameters. Unknown and repeated parameters and
    /// two cursors are errors.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ValidationError> {
        let mut cursor = None;
        let mut limit = None;
        for (name, value) in parameters {
            match name {
                "before" | "after" | "around" => {
                    let seq = whole(name, value, 0, i64::MAX)?;
                    let wanted = match name {
                        "before" => Cursor::Before(seq),
                        "after" => Cursor::After(seq),
                        _ => Cursor::Around(seq),
                    };
                    if cursor.replace(wanted).is_some() {
                        return Err(ValidationError::new(
                            name,
                            "Give only one of before, after and around.",
                        ));
                    }
                }
                "limit" => {
                    let count = whole(name, value, 1, i64::from(PAGE_MOST))?;
                    if limit.replace(count as u32).is_some() {
                        return Err(ValidationError::new(name, "Give this parameter only once."));
                    }
                }
                _ => {
                    return Err(ValidationError::new(
                        name,
                        "This route has no such parameter.",
                    ));
                }
            }
        }
        Ok(Self {
            cursor: cursor.unwrap_or(Cursor::Newest),
            limit: limit.unwrap_or(PAGE_DEFAULT),
        })
    }
}

fn whole(field: &str, text: &str, least: i64, most: i64) -> Result<i64, ValidationError> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            ValidationError::new(
                field,
                format!("Give a whole number from {least} to {most}."),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameters_mean_the_newest_fifty() {
        assert_eq!(
            PageQuery::parse([]).unwrap(),
            PageQuery {
                cursor: Cursor::Newest,
                limit: 50
            }
        );
    }

    #[test]
    fn a_cursor_is_a_seq_from_zero() {
        let cursor = |name, value| PageQuery::parse([(name, value)]).map(|query| query.cursor);
        assert_eq!(cursor("before", "3"), Ok(Cursor::Before(3)));
        assert_eq!(cursor("after", "0"), Ok(Cursor::After(0)));
        assert_eq!(
            cursor("around", "9223372036854775807"),
            Ok(Cursor::Around(i64::MAX))
        );
        for bad in ["-1", "", "x", "9223372036854775808"] {
            assert_eq!(cursor("after", bad).unwrap_err().field, "after", "{bad}");
        }
    }

    #[test]
    fn repeated_and_unknown_parameters_are_errors() {
        let repeated = PageQuery::parse([("limit", "1"), ("limit", "1")]);
        assert_eq!(repeated.unwrap_err().field, "limit");
        let unknown = PageQuery::parse([("page", "1")]);
        assert_eq!(unknown.unwrap_err().field, "page");
    }

    #[test]
    fn two_cursors_are_refused() {
        assert!(PageQuery::parse([("before", "3"), ("after", "1")]).is_err());
        assert!(PageQuery::parse([("before", "3"), ("before", "3")]).is_err());
    }

    #[test]
    fn a_limit_is_from_one_to_two_hundred() {
        for limit in ["0", "201", "-1", "x", ""] {
            assert_eq!(
                PageQuery::parse([("limit", limit)]).unwrap_err().field,
                "limit"
            );
        }
        assert_eq!(PageQuery::parse([("limit", "200")]).unwrap().limit, 200);
    }
}
