//! Which page of a room's history is asked for.

use crate::text::Invalid;

/// The greatest number of messages of one page.
pub const PAGE_MOST: u32 = 200;
/// The number of messages of a page that names none.
pub const PAGE_DEFAULT: u32 = 50;

/// From where to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// The newest messages.
    Newest,
    /// Those just before this `seq`, without it.
    Before(i64),
    /// Those just after this `seq`, without it.
    After(i64),
    /// This `seq` in the middle.
    Around(i64),
}

/// A page asked for: `?before=N|after=N|around=N&limit=L`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageQuery {
    /// From where.
    pub cursor: Cursor,
    /// How many at the most, 1 to [`PAGE_MOST`].
    pub limit: u32,
}

impl PageQuery {
    /// Reads the parameters of a query string. Unknown ones, repeated ones and
    /// two cursors at once are refused.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Invalid> {
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
                        return Err(Invalid::new(
                            name,
                            "give only one of before, after and around.",
                        ));
                    }
                }
                "limit" => {
                    let count = whole(name, value, 1, i64::from(PAGE_MOST))?;
                    if limit.replace(count as u32).is_some() {
                        return Err(Invalid::new(name, "give it once."));
                    }
                }
                _ => return Err(Invalid::new(name, "is not a parameter of this route.")),
            }
        }
        Ok(Self {
            cursor: cursor.unwrap_or(Cursor::Newest),
            limit: limit.unwrap_or(PAGE_DEFAULT),
        })
    }
}

fn whole(field: &str, text: &str, least: i64, most: i64) -> Result<i64, Invalid> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            Invalid::new(
                field,
                format!("must be a whole number from {least} to {most}."),
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
