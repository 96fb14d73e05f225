//! Parsing of the text of `Fn::Sub`.

/// One piece of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// `${Name}` or `${Resource.Attribute}`.
    Variable(String),
}

/// Splits `text` into pieces. `${!Name}` is the literal text `${Name}`.
///
/// # Errors
/// If a `${` is never closed, or holds nothing.
pub fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = rest.split_at(start);
        let end = after
            .find('}')
            .ok_or_else(|| format!("`{after}` is never closed with a }}"))?;
        let name = &after[2..end];
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        match name.strip_prefix('!') {
            Some(literal) => pieces.push(Piece::Text(format!("${{{literal}}}"))),
            None if name.trim().is_empty() => return Err("`${}` names nothing".to_owned()),
            None => pieces.push(Piece::Variable(name.trim().to_owned())),
        }
        rest = &after[end + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_literals_are_distinguished() {
        assert_eq!(
            pieces("a-${B.C}-${!D}"),
            Ok(vec![
                Piece::Text("a-".to_owned()),
                Piece::Variable("B.C".to_owned()),
                Piece::Text("-".to_owned()),
                Piece::Text("${D}".to_owned()),
            ])
        );
        assert!(pieces("${A").is_err());
        assert!(pieces("${}").is_err());
    }
}
