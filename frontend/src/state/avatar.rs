//! Avatars: initials on a colour.

const TONES: u32 = 8;

/// The first letters of the first and the last word of a name.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    let mut initials = String::new();
    for letter in [first, last].into_iter().flatten() {
        initials.extend(letter.to_uppercase());
    }
    initials
}

/// The class of its colour, which depends on the id only.
pub fn avatar_class(id: &str) -> &'static str {
    // FNV-1a spreads similar ids.
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    match (hash ^ (hash >> 16)) % TONES {
        0 => "avatar tone-0",
        1 => "avatar tone-1",
        2 => "avatar tone-2",
        3 => "avatar tone-3",
        4 => "avatar tone-4",
        5 => "avatar tone-5",
        6 => "avatar tone-6",
        _ => "avatar tone-7",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_its_first_and_last_word() {
        assert_eq!(initials("ann"), "A");
        assert_eq!(initials("Ann Maria van Dyk"), "AD");
        assert_eq!(initials("  "), "");
        assert_eq!(initials("élodie"), "É");
    }

    #[test]
    fn neighbours_have_different_colours() {
        let tones: std::collections::BTreeSet<_> = (0..40)
            .map(|number| avatar_class(&format!("user-{number}")))
            .collect();
        assert!(tones.len() > 4, "{tones:?}");
    }
}
