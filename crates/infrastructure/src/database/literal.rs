//! Values written out as SQL: arguments of `EXECUTE`, for which the simple protocol has no other place.

use sea_orm::Value;
use std::fmt;

/// A value as an SQL expression. Nothing in it can end its quotes: between them are digits, letters and hyphens.
pub(super) struct Literal<'a>(pub(super) &'a Value);

/// The PostgreSQL type of a parameter that takes this value, if it can be written out.
pub(super) const fn type_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Bool(_) => Some("bool"),
        Value::Int(_) => Some("int4"),
        Value::BigInt(_) | Value::BigUnsigned(_) => Some("int8"),
        Value::String(_) => Some("text"),
        Value::Bytes(_) => Some("bytea"),
        Value::Uuid(_) => Some("uuid"),
        _ => None,
    }
}

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Bool(Some(value)) => write!(f, "{value}"),
            Value::Int(Some(value)) => write!(f, "{value}"),
            Value::BigInt(Some(value)) => write!(f, "{value}"),
            Value::BigUnsigned(Some(value)) => write!(f, "{value}"),
            Value::Uuid(Some(value)) => write!(f, "'{value}'"),
            Value::Bytes(Some(value)) => write!(f, "decode('{}', 'hex')", Hex(value)),
            Value::String(Some(value)) => write!(
                f,
                "convert_from(decode('{}', 'hex'), 'UTF8')",
                Hex(value.as_bytes())
            ),
            _ => f.write_str("NULL"),
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.iter();
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
