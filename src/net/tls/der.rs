//! A reader of DER (X.690), as far as a certificate's fields need it. It never fails on more than the field it reads.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
const TELETEX_STRING: u8 = 0x14;

/// One element: its tag, and its content without tag and length.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

/// The elements that follow each other in some bytes; ends at the first that is malformed.
#[derive(Clone)]
pub(crate) struct Elements<'a>(pub &'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (&[tag, first], mut rest) = self.0.split_first_chunk::<2>()?;
        let len = if first < 0x80 {
            usize::from(first)
        } else {
            let (digits, after) =
                rest.split_at_checked(usize::from(first & 0x7f)).filter(|(d, _)| d.len() <= 3)?;
            rest = after;
            digits.iter().fold(0, |len, &digit| len << 8 | usize::from(digit))
        };
        let (content, after) = rest.split_at_checked(len)?;
        self.0 = after;
        Some(Element { tag, content })
    }
}

impl<'a> Elements<'a> {
    /// The next element if it has this tag, which is then consumed.
    pub(crate) fn next_if(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = self.clone();
        let element = ahead.next().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element)
    }
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(crate) fn inner(self) -> Elements<'a> {
        Elements(self.content)
    }

    /// The text of a string type, unreadable bytes replaced.
    pub(crate) fn text(self) -> String {
        match self.tag {
            BMP_STRING => {
                let units: Vec<u16> =
                    self.content.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect();
                String::from_utf16_lossy(&units)
            }
            TELETEX_STRING => self.content.iter().map(|&byte| char::from(byte)).collect(),
            _ => String::from_utf8_lossy(self.content).into_owned(),
        }
    }

    /// The instant of a time type, `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (RFC 5280, 4.1.2.5).
    pub(crate) fn time(self) -> Option<Timestamp> {
        let digits = std::str::from_utf8(self.content).ok()?.strip_suffix('Z')?;
        let full = match self.tag {
            UTC_TIME if digits.get(..2)? < "50" => format!("20{digits}"),
            UTC_TIME => format!("19{digits}"),
            GENERALIZED_TIME => digits.to_owned(),
            _ => return None,
        };
        if full.len() != 14 || !full.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let field = |at: usize| full[at..at + 2].parse::<i8>().ok();
        let (month, day, hour, minute, second) = (field(4)?, field(6)?, field(8)?, field(10)?, field(12)?);
        let civil = DateTime::new(full[..4].parse().ok()?, month, day, hour, minute, second, 0).ok()?;
        TimeZone::UTC.to_ambiguous_timestamp(civil).compatible().ok()
    }

    /// An object identifier in dotted form.
    pub(crate) fn oid(self) -> String {
        let mut arcs = Vec::new();
        let mut arc: u64 = 0;
        for &byte in self.content {
            arc = arc << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                if arcs.is_empty() {
                    let top = (arc / 40).min(2);
                    arcs.push(top.to_string());
                    arc -= top * 40;
                }
                arcs.push(arc.to_string());
                arc = 0;
            }
        }
        arcs.join(".")
    }
}
