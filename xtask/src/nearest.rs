//! Suggestions for mistyped names.

/// At most three of `names`, the most similar first.
pub fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let mut similar: Vec<_> = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .collect();
    similar.sort_by(|(one, a), (other, b)| other.total_cmp(one).then_with(|| a.cmp(b)));
    let mut names: Vec<_> = similar.into_iter().map(|(_, name)| name).collect();
    names.dedup();
    names.truncate(3);
    names
}

/// `did you mean a, b or c?`, or nothing.
pub fn did_you_mean(wanted: &str, names: &[&str]) -> String {
    match nearest(wanted, names.iter().copied())[..] {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        [ref first @ .., last] => format!("; did you mean {} or {last}?", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, nearest};

    #[test]
    fn a_transposed_letter_finds_the_name() {
        let names = ["history", "rooms", "sign_in"];
        assert_eq!(nearest("histroy", names), ["history"]);
        assert_eq!(did_you_mean("romos", &names), "; did you mean rooms?");
        assert_eq!(did_you_mean("quaternion", &names), "");
    }
}
