//! QR codes as SVG.

use qrcodegen::{QrCode, QrCodeEcc};

/// The quiet zone, in modules.
const QUIET: i32 = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub view_box: String,
    pub path: String,
}

/// `None` if the text is too long.
pub fn qr(text: &str) -> Option<Picture> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let (x, y) = ((x + QUIET).to_string(), (y + QUIET).to_string());
            path.push_str(&["M", &x, " ", &y, "h1v1h-1z"].concat());
        }
    }
    let size = (code.size() + 2 * QUIET).to_string();
    Some(Picture {
        view_box: ["0 0 ", &size, " ", &size].concat(),
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finder_patterns_stand_inside_of_a_quiet_edge() {
        let picture = qr("otpauth://totp/Banter:ann@example.com?secret=ABC").expect("short");
        assert!(picture.path.starts_with("M4 4h1v1h-1z"), "{picture:?}");
        assert!(!picture.path.contains("M3 "));
        assert_eq!(qr(&"x".repeat(8_000)), None);
    }
}
