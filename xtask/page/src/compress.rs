//! Assets as a browser gets them over the wire.

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;

/// CloudFront compresses files of these sizes, in bytes (Amazon CloudFront,
/// "Serve compressed files").
const COMPRESSED: std::ops::RangeInclusive<usize> = 1_000..=10_000_000;

/// CloudFront does not say how hard it tries; this is what servers that compress
/// as they send commonly take, of 11.
const QUALITY: i32 = 5;

/// For each asset that CloudFront would compress, the same under its name and
/// `.br`, for the runner to send to whoever accepts it.
pub fn siblings(assets: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>> {
    let large = assets
        .iter()
        .filter(|(_, bytes)| COMPRESSED.contains(&bytes.len()));
    large
        .map(|(name, bytes)| {
            let parameters = BrotliEncoderParams {
                quality: QUALITY,
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
    fn what_cloudfront_would_compress_is_there_compressed_and_reads_the_same() {
        let large = (0..5_000).map(|n| (n % 7) as u8).collect::<Vec<_>>();
        let assets = [
            ("large.js".to_owned(), large.clone()),
            ("small.js".to_owned(), vec![1; 999]),
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
