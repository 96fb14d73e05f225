//! AWS X-Ray's tracing header: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.

use std::fmt;

const LONGEST: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    header: String,
}

impl Trace {
    /// Parses a header; one without a valid root is ignored.
    pub fn parse(header: &str) -> Option<Self> {
        let plain = header.len() <= LONGEST && header.bytes().all(|byte| byte.is_ascii_graphic());
        let trace = Self {
            header: header.to_owned(),
        };
        (plain && is_root(trace.field("Root"))).then_some(trace)
    }

    /// The whole header, to be forwarded.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The root, which all segments of a trace share.
    pub fn id(&self) -> &str {
        self.field("Root")
    }

    fn field(&self, name: &str) -> &str {
        self.header
            .split(';')
            .filter_map(|field| field.split_once('='))
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.header)
    }
}

/// `1-`, 8 hexadecimal digits of time, `-`, 24 random ones.
fn is_root(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    matches!(parts[..], ["1", time, random] if is_hex(time, 8) && is_hex(random, 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    #[test]
    fn the_root_is_the_id_in_any_position() {
        for header in [
            format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"),
            format!("Self=1-67891234-12456789abcdef012345678;Root={ROOT}"),
        ] {
            let trace = Trace::parse(&header).unwrap();
            assert_eq!(trace.id(), ROOT);
            assert_eq!(trace.header(), header);
        }
    }

    #[test]
    fn an_invalid_header_is_ignored() {
        let long = format!("Root={ROOT};Self={}", "a".repeat(300));
        for header in [
            "",
            "Root=",
            "Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-short",
            "Root=1-5759e988-bd862e3fe1be46a99427279z",
            &format!("Root={ROOT};Note=a b"),
            &long,
        ] {
            assert_eq!(Trace::parse(header), None, "{header}");
        }
    }
}
