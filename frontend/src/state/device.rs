//! Device names from user agents.

/// Browsers by a token that only they, or those above them, contain.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// The user agent itself if it is unknown; `None` if it is empty.
pub fn device(named: &str) -> Option<String> {
    let find = |list: &'static [(&str, &'static str)]| {
        list.iter()
            .find(|(sign, _)| named.contains(sign))
            .map(|(_, name)| *name)
    };
    match (find(BROWSERS), find(SYSTEMS)) {
        (Some(browser), Some(system)) => Some([browser, " · ", system].concat()),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => (!named.trim().is_empty()).then(|| named.chars().take(60).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_distinguished_although_they_claim_to_be_each_other() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36 Edg/131.0";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1";
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/131.0 Safari/537.36";
        assert_eq!(device(edge).as_deref(), Some("Edge · Windows"));
        assert_eq!(device(safari).as_deref(), Some("Safari · iPhone"));
        assert_eq!(device(chrome).as_deref(), Some("Chrome · Linux"));
        assert_eq!(device("curl/8").as_deref(), Some("curl/8"));
        assert_eq!(device(" "), None);
    }
}
