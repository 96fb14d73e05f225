//! Message encryption for Web Push (RFC 8291), with one record of `aes128gcm` (RFC 8188).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{self, ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};

/// Every plaintext is padded to this length, so that its size tells nothing. With header,
/// delimiter and tag a message has [`MESSAGE_BYTES`].
pub const PLAINTEXT_BYTES: usize = 2_560;
/// The size of every encrypted message, below the 4,096 that each push service accepts.
pub(crate) const MESSAGE_BYTES: usize = HEADER_BYTES + PLAINTEXT_BYTES + 1 + TAG_BYTES;
const _: () = assert!(MESSAGE_BYTES <= 3 * 1024);

const SALT_BYTES: usize = 16;
const POINT_BYTES: usize = 65;
const AUTH_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// Salt, record size, length of the key id, key id.
const HEADER_BYTES: usize = SALT_BYTES + 4 + 1 + POINT_BYTES;
const RECORD_SIZE: u32 = 4_096;
/// Ends the content of the last record.
const LAST_RECORD: u8 = 2;
/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

/// The keys of a subscription, as the browser gave them.
#[derive(Clone)]
pub struct Keys {
    p256dh: [u8; POINT_BYTES],
    auth: [u8; AUTH_BYTES],
}

impl Keys {
    /// Decodes `p256dh` and `auth` of a `PushSubscription`. The error is the name of the
    /// invalid one.
    pub fn parse(p256dh: &str, auth: &str) -> Result<Self, &'static str> {
        let auth = decode(auth).ok_or("auth")?;
        let p256dh: [u8; POINT_BYTES] = decode(p256dh).ok_or("p256dh")?;
        let is_point =
            p256dh[0] == UNCOMPRESSED && agree(own_key().map_err(|_| "p256dh")?, &p256dh).is_ok();
        if is_point {
            Ok(Self { p256dh, auth })
        } else {
            Err("p256dh")
        }
    }

    /// Encrypts a plaintext of at most [`PLAINTEXT_BYTES`] for the browser. Fails for a
    /// longer one.
    pub(crate) fn encrypt(&self, plaintext: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut salt = [0; SALT_BYTES];
        SystemRandom::new().fill(&mut salt)?;
        let own = own_key()?;
        let own_public = own.compute_public_key()?;
        let own_public = own_public.as_ref().try_into().map_err(|_| Unspecified)?;
        let secret = agree(own, &self.p256dh)?;
        let record = Record {
            keys: self,
            own_public,
            secret: &secret,
            salt,
        };
        record.seal(plaintext, PLAINTEXT_BYTES)
    }
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    bytes.try_into().ok()
}

fn own_key() -> Result<EphemeralPrivateKey, Unspecified> {
    EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())
}

fn agree(own: EphemeralPrivateKey, peer: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let peer = UnparsedPublicKey::new(&ECDH_P256, peer);
    agreement::agree_ephemeral(own, &peer, <[u8]>::to_vec)
}

/// One message with all of its inputs.
struct Record<'a> {
    keys: &'a Keys,
    own_public: [u8; POINT_BYTES],
    /// The shared secret of the two keys.
    secret: &'a [u8],
    salt: [u8; SALT_BYTES],
}

impl Record<'_> {
    /// Pads the plaintext to `length` and encrypts it.
    fn seal(&self, plaintext: &[u8], length: usize) -> Result<Vec<u8>, Unspecified> {
        let padding = length.checked_sub(plaintext.len()).ok_or(Unspecified)?;
        let [key, nonce] = self.derive()?;
        let mut content = Vec::with_capacity(length + 1 + TAG_BYTES);
        content.extend_from_slice(plaintext);
        content.push(LAST_RECORD);
        content.resize(content.len() + padding, 0);
        let sealing = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
        let nonce = Nonce::try_assume_unique_for_key(&nonce)?;
        sealing.seal_in_place_append_tag(nonce, Aad::empty(), &mut content)?;

        let mut message = Vec::with_capacity(HEADER_BYTES + content.len());
        message.extend_from_slice(&self.salt);
        message.extend_from_slice(&RECORD_SIZE.to_be_bytes());
        message.push(POINT_BYTES as u8);
        message.extend_from_slice(&self.own_public);
        message.extend_from_slice(&content);
        Ok(message)
    }

    /// The content encryption key and the nonce (RFC 8291, 3.4).
    fn derive(&self) -> Result<[Vec<u8>; 2], Unspecified> {
        let info = [
            b"WebPush: info\0",
            &self.keys.p256dh[..],
            &self.own_public[..],
        ];
        let prk = Salt::new(HKDF_SHA256, &self.keys.auth).extract(self.secret);
        let input = expand(&prk, &info, 32)?;
        let prk = Salt::new(HKDF_SHA256, &self.salt).extract(&input);
        Ok([
            expand(&prk, &[b"Content-Encoding: aes128gcm\0"], 16)?,
            expand(&prk, &[b"Content-Encoding: nonce\0"], 12)?,
        ])
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(prk: &Prk, info: &[&[u8]], length: usize) -> Result<Vec<u8>, Unspecified> {
    let mut output = vec![0; length];
    prk.expand(info, Length(length))?.fill(&mut output)?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256DH: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    /// The example of RFC 8291, section 5 and appendix A.
    #[test]
    fn the_example_of_the_standard_is_encrypted_as_there() {
        let own_public = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
        let record = Record {
            keys: &Keys::parse(P256DH, AUTH).unwrap_or_else(|part| panic!("{part}")),
            own_public: decode(own_public).unwrap(),
            secret: &decode::<32>("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs").unwrap(),
            salt: decode("DGv6ra1nlYgDCS1FRnbzlw").unwrap(),
        };
        let plaintext = b"When I grow up, I want to be a watermelon";
        let message = record.seal(plaintext, plaintext.len()).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(message),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml\
             mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT\
             pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn every_message_has_the_same_length_and_differs() {
        let keys = Keys::parse(P256DH, AUTH).unwrap_or_else(|part| panic!("{part}"));
        let lengths = [0, 1, PLAINTEXT_BYTES].map(|length| {
            let message = keys.encrypt(&vec![b'a'; length]).unwrap();
            assert_ne!(message, keys.encrypt(&vec![b'a'; length]).unwrap());
            message.len()
        });
        assert_eq!(lengths, [MESSAGE_BYTES; 3]);
        assert!(keys.encrypt(&[0; PLAINTEXT_BYTES + 1]).is_err());
    }

    #[test]
    fn keys_that_are_not_a_point_and_a_secret_are_refused() {
        let refused = |p256dh: &str, auth: &str| Keys::parse(p256dh, auth).err();
        assert_eq!(refused(P256DH, AUTH), None);
        assert_eq!(refused(&format!("{P256DH}="), &format!("{AUTH}==")), None);
        assert_eq!(refused(P256DH, "AAAA"), Some("auth"));
        assert_eq!(refused("AAAA", AUTH), Some("p256dh"));
        // A point that is not on the curve, which would tell about the other key.
        let mut point: [u8; POINT_BYTES] = decode(P256DH).unwrap();
        point[POINT_BYTES - 1] ^= 1;
        assert_eq!(
            refused(&URL_SAFE_NO_PAD.encode(point), AUTH),
            Some("p256dh")
        );
        let compressed = URL_SAFE_NO_PAD.encode([2; POINT_BYTES]);
        assert_eq!(refused(&compressed, AUTH), Some("p256dh"));
    }
}
