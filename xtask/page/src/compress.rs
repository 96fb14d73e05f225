//! Assets as a browser gets them over the wire: compressed once, here, as small
//! as brotli makes them, which takes longer than a server has while it sends.

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;

/// The kinds that are sent so; CloudFront's function `PageRequest` in
/// template.yaml asks the bucket for these.
const COMPRESSED: [&str; 3] = ["css", "js", "wasm"];

/// The most that brotli tries, of 11.
const QUALITY: i32 = 11;

/// A compressed copy of each asset of these kinds, named with `.br`.
pub fn siblings(assets: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>> {
    let is_compressed = |name: &str| {
        let kind = name.rsplit('.').next();
        kind.is_some_and(|kind| COMPRESSED.contains(&kind))
    };
    let compressed = assets.iter().filter(|(name, _)| is_compressed(name));
    compressed
        .map(|(name, bytes)| {
            let parameters = BrotliEncoderParams {
                quality: QUALITY,
                size_hint: bytes.len(),
                ..BrotliEncoderParams::default()
            };
            let mut compressed = Vec::new();
            brotli::BrotliCompress(&mut bytes.as_slice(), &mut compressed, &parameters)
                .with_context(|| format!("cannot compress {name}"))?;
            Ok((format!("{name}.br"), compressed))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_styles_are_there_compressed_and_read_the_same() {
        let large = (0..5_000).map(|n| (n % 7) as u8).collect::<Vec<_>>();
        let assets = [
            ("large.js".to_owned(), large.clone()),
            ("icon.svg".to_owned(), vec![1; 999]),
        ];
        let siblings = siblings(&assets).expect("compressed");
        assert_eq!(siblings.len(), 1);
        let (name, compressed) = &siblings[0];
        assert_eq!(name, "large.js.br");
        assert!(compressed.len() < large.len());
        let mut read = Vec::new();
        brotli::BrotliDecompress(&mut compressed.as_slice(), &mut read).expect("read");
        assert_eq!(read, large);
    }
}
