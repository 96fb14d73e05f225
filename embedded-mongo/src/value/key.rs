//! Order-preserving byte encoding of values, for indexes and sorting.
//!
//! Every encoding is self-terminating: a compound key is the concatenation of
//! its fields' keys, and a descending field is stored with its bytes inverted.

use bson::{Bson, RawBsonRef};

use super::{elements, fields, number, order};

/// Terminates a document or an array; less than every type byte.
const END: u8 = 0;

pub(crate) fn push(out: &mut Vec<u8>, value: RawBsonRef<'_>) {
    out.push(order::rank(value) as u8);
    push_payload(out, value);
}

/// Appends the key of one index field, inverted if descending.
pub(crate) fn push_directed(out: &mut Vec<u8>, value: RawBsonRef<'_>, descending: bool) {
    let start = out.len();
    push(out, value);
    if descending {
        invert(&mut out[start..]);
    }
}

pub(crate) fn invert(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|byte| *byte = !*byte);
}

pub(crate) fn of(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out, value);
    out
}

pub(crate) fn of_owned(value: &Bson) -> Vec<u8> {
    of(order::raw_of(value).as_raw_bson_ref())
}

fn push_payload(out: &mut Vec<u8>, value: RawBsonRef<'_>) {
    match value {
        RawBsonRef::MinKey
        | RawBsonRef::Undefined
        | RawBsonRef::Null
        | RawBsonRef::MaxKey
        // Rejected when the message is parsed.
        | RawBsonRef::DbPointer(_) => {}
        RawBsonRef::Double(_)
        | RawBsonRef::Int32(_)
        | RawBsonRef::Int64(_)
        | RawBsonRef::Decimal128(_) => {
            number::push_ordered(out, value);
        }
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => {
            push_text(out, text);
        }
        RawBsonRef::Document(document) => {
            for (name, value) in fields(document) {
                out.push(order::rank(value) as u8);
                push_text(out, name);
                push_payload(out, value);
            }
            out.push(END);
        }
        RawBsonRef::Array(array) => {
            for value in elements(array) {
                push(out, value);
            }
            out.push(END);
        }
        RawBsonRef::Binary(binary) => {
            out.extend((binary.bytes.len() as u32).to_be_bytes());
            out.push(u8::from(binary.subtype));
            out.extend(binary.bytes);
        }
        RawBsonRef::ObjectId(id) => out.extend(id.bytes()),
        RawBsonRef::Boolean(flag) => out.push(u8::from(flag)),
        RawBsonRef::DateTime(date) => {
            out.extend((date.timestamp_millis() as u64 ^ 1 << 63).to_be_bytes());
        }
        RawBsonRef::Timestamp(stamp) => {
            out.extend(stamp.time.to_be_bytes());
            out.extend(stamp.increment.to_be_bytes());
        }
        RawBsonRef::RegularExpression(regex) => {
            push_text(out, regex.pattern.as_str());
            push_text(out, regex.options.as_str());
        }
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            push_text(out, code.code);
            push_payload(out, RawBsonRef::Document(code.scope));
        }
    }
}

/// Encodes NUL as `00 ff` and the end as `00 01`, which sorts before every
/// continuation.
fn push_text(out: &mut Vec<u8>, text: &str) {
    for part in text.as_bytes().split_inclusive(|byte| *byte == 0) {
        out.extend(part);
        if part.last() == Some(&0) {
            out.push(0xff);
        }
    }
    out.extend([0, 1]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{Binary, Decimal128, Timestamp, doc, oid::ObjectId, spec::BinarySubtype};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Bson> {
        prop_oneof![
            any::<i32>().prop_map(Bson::Int32),
            (-3..4_i32).prop_map(Bson::Int32),
            any::<i64>().prop_map(Bson::Int64),
            (0..2000_i64).prop_map(|n| Bson::Int64(i64::MAX - n)),
            (-5..5_i64).prop_map(|n| Bson::Int64((1 << 53) + n)),
            any::<f64>().prop_map(Bson::Double),
            (-8..9_i32).prop_map(|n| Bson::Double(f64::from(n) / 4.0)),
            any::<[u8; 16]>().prop_map(|bytes| Bson::Decimal128(Decimal128::from_bytes(bytes))),
            (any::<i64>(), -40..40_i32).prop_map(|(n, exponent)| decimal(n, exponent)),
            (-30..30_i64, -1..2_i32).prop_map(|(n, exponent)| decimal(n, exponent)),
        ]
    }

    fn decimal(digits: i64, exponent: i32) -> Bson {
        let text = format!("{digits}E{exponent}");
        Bson::Decimal128(text.parse().expect("a decimal of 19 digits"))
    }

    fn value() -> impl Strategy<Value = Bson> {
        let plain = prop_oneof![
            4 => number(),
            2 => "[a-c\0]{0,3}".prop_map(Bson::String),
            1 => any::<bool>().prop_map(Bson::Boolean),
            1 => any::<i64>().prop_map(|ms| Bson::DateTime(bson::DateTime::from_millis(ms))),
            1 => any::<[u8; 12]>().prop_map(|id| Bson::ObjectId(ObjectId::from_bytes(id))),
            1 => vec(any::<u8>(), 0..3).prop_map(|bytes| {
                Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes })
            }),
            1 => (any::<u32>(), any::<u32>()).prop_map(|(time, increment)| {
                Bson::Timestamp(Timestamp { time, increment })
            }),
            1 => prop::sample::select(vec![Bson::Null, Bson::MinKey, Bson::MaxKey]),
        ];
        plain.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Bson::Array),
                vec(("[ab]{0,2}", inner), 0..3)
                    .prop_map(|fields| Bson::Document(fields.into_iter().collect())),
            ]
        })
    }

    fn directed(values: &[Bson], descending: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for value in values {
            let raw = order::raw_of(value);
            push_directed(&mut out, raw.as_raw_bson_ref(), descending);
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 3000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn keys_sort_as_their_values_do(a in value(), b in value()) {
            let wanted = order::compare_owned(&a, &b);
            prop_assert_eq!(of_owned(&a).cmp(&of_owned(&b)), wanted, "{:?} and {:?}", &a, &b);
        }

        #[test]
        fn keys_of_several_fields_sort_field_by_field(
            a in vec(value(), 2), b in vec(value(), 2), descending in any::<bool>(),
        ) {
            let wanted = order::compare_owned(&a[0], &b[0])
                .then_with(|| order::compare_owned(&a[1], &b[1]));
            let wanted = if descending { wanted.reverse() } else { wanted };
            prop_assert_eq!(directed(&a, descending).cmp(&directed(&b, descending)), wanted);
        }
    }

    #[test]
    fn numbers_of_all_types_are_in_one_exact_order() {
        let decimal = |text: &str| Bson::Decimal128(text.parse().expect("a decimal"));
        let ascending = [
            Bson::Double(f64::NAN),
            Bson::Double(f64::NEG_INFINITY),
            decimal("-1E6000"),
            Bson::Double(f64::MIN),
            Bson::Int64(i64::MIN),
            decimal("-1E-6000"),
            Bson::Int32(0),
            decimal("1E-6000"),
            Bson::Double(5e-324),
            decimal("0.1"),
            // The double nearest to 0.1 is slightly greater than 0.1.
            Bson::Double(0.1),
            Bson::Int32(1),
            Bson::Double(9_007_199_254_740_992.0),
            Bson::Int64(9_007_199_254_740_993),
            decimal("9007199254740993.5"),
            Bson::Double(9_007_199_254_740_994.0),
            Bson::Int64(i64::MAX),
            Bson::Double(9_223_372_036_854_775_808.0),
            Bson::Double(f64::MAX),
            decimal("1E6000"),
            Bson::Double(f64::INFINITY),
        ];
        for pair in ascending.windows(2) {
            assert!(
                of_owned(&pair[0]) < of_owned(&pair[1]),
                "{} < {}",
                pair[0],
                pair[1]
            );
        }
    }

    #[test]
    fn numbers_that_are_worth_the_same_have_one_key() {
        let decimal = |text: &str| Bson::Decimal128(text.parse().expect("a decimal"));
        for (a, b) in [
            (Bson::Int32(1), Bson::Double(1.0)),
            (Bson::Int64(7), decimal("7.00")),
            (Bson::Double(-0.0), Bson::Int32(0)),
            (Bson::Double(0.5), decimal("5E-1")),
            (Bson::Double(f64::NAN), decimal("NaN")),
            (Bson::Double(f64::INFINITY), decimal("Infinity")),
            (Bson::Int64(i64::MAX), decimal("9223372036854775807")),
        ] {
            assert_eq!(of_owned(&a), of_owned(&b), "{a} and {b}");
        }
        assert_ne!(
            of_owned(&doc! { "a": 1 }.into()),
            of_owned(&doc! { "b": 1 }.into())
        );
    }
}
