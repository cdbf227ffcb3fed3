//! Holds what a decoder reads beside what this crate reads.

use std::collections::BTreeMap;

use isup::{ParameterCode, Value, message::PartKind, parameter};

use crate::{
    differences,
    fields::{self, Row},
    generate::Generated,
    reading::{Decoder, ReadParameter, Reading},
};

/// Compares all messages and fails with every difference that is not reviewed.
///
/// # Panics
/// Then, and when a reviewed difference does not show any more, or too little was compared.
pub(crate) fn all(decoder: Decoder, messages: &[Generated], readings: &[Reading]) {
    assert_eq!(messages.len(), readings.len());
    let mut comparison = Comparison::new(decoder);
    for (message, reading) in messages.iter().zip(readings) {
        comparison.message(message, reading);
    }
    let Comparison {
        parameters,
        fields,
        kinds,
        unexplained,
        explained,
        ..
    } = comparison;
    eprintln!(
        "{decoder:?}: {} messages, {parameters} parameters, {fields} fields of {} kinds agree; \
         reviewed differences: {explained:?}",
        messages.len(),
        kinds.len(),
    );
    let lines: Vec<String> = unexplained
        .iter()
        .map(|(what, (count, example))| format!("{count} x {what}: {example}"))
        .collect();
    assert!(
        lines.is_empty(),
        "differences, one of each kind:\n{}",
        lines.join("\n")
    );
    let expected = differences::of(decoder, messages[0].message.variant());
    let gone: Vec<_> = expected
        .filter(|known| !explained.contains_key(known.name))
        .collect();
    assert!(gone.is_empty(), "do not show any more: {gone:?}");
}

struct Comparison {
    decoder: Decoder,
    parameters: usize,
    fields: usize,
    kinds: BTreeMap<(u8, &'static str), usize>,
    /// How often each kind of difference showed, and the first one.
    unexplained: BTreeMap<String, (usize, String)>,
    /// How often each reviewed difference showed.
    explained: BTreeMap<&'static str, usize>,
}

/// A place where the two readings differ.
pub(crate) struct Place<'a> {
    pub(crate) generated: &'a Generated,
    pub(crate) parameter: Option<ParameterCode>,
    /// "message", "list", "length", "complaint", or the name of the field here.
    pub(crate) what: &'a str,
}

impl Comparison {
    fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            parameters: 0,
            fields: 0,
            kinds: BTreeMap::new(),
            unexplained: BTreeMap::new(),
            explained: BTreeMap::new(),
        }
    }

    /// Whether they are the same, or known not to be.
    fn same(&mut self, place: &Place<'_>, ours: &str, theirs: &str) -> bool {
        if ours == theirs {
            return true;
        }
        match differences::known(self.decoder, place, ours, theirs) {
            Some(name) => *self.explained.entry(name).or_default() += 1,
            None => {
                let message = &place.generated.message;
                let of = match place.parameter {
                    Some(parameter) => parameter.to_string(),
                    None => message.message_type().to_string(),
                };
                let example = || {
                    format!(
                        "here {ours}, there {theirs}; {}",
                        isup::hex::write(message.octets())
                    )
                };
                let kind = format!("{of}: {}", place.what);
                let (count, _) = self
                    .unexplained
                    .entry(kind)
                    .or_insert_with(|| (0, example()));
                *count += 1;
            }
        }
        false
    }

    fn message(&mut self, generated: &Generated, reading: &Reading) {
        let place = |what| Place {
            generated,
            parameter: None,
            what,
        };
        for complaint in &reading.complaints {
            self.same(&place("complaint"), "none", complaint);
        }
        let message = &generated.message;
        let known = |code: Option<u8>| code.map_or("unknown".to_owned(), |code| code.to_string());
        let code = message.message_type().code();
        if !self.same(
            &place("message"),
            &code.to_string(),
            &known(reading.message),
        ) {
            return;
        }
        let cic = reading.cic.map_or("none".to_owned(), |cic| cic.to_string());
        self.same(&place("CIC"), &generated.cic.to_string(), &cic);
        if self.decoder == Decoder::Tshark {
            let label = (generated.dpc, generated.opc, generated.sls);
            let theirs = format!("{:?}", reading.label);
            self.same(&place("label"), &format!("{:?}", Some(label)), &theirs);
        }
        self.list(generated, reading);
    }

    fn list(&mut self, generated: &Generated, reading: &Reading) {
        let place = Place {
            generated,
            parameter: None,
            what: "list",
        };
        let parts: Vec<_> = generated.message.parts().collect();
        let line = |part: &isup::message::Part<'_>, read: Option<&ReadParameter>| {
            // A decoder that leaves out name or length has nothing to compare there.
            let told = |told: bool, value: usize| match told {
                true => value.to_string(),
                false => "-".to_owned(),
            };
            let has = |some: bool| read.is_none_or(|_| some);
            let code = read.is_none_or(|read| read.code.is_some());
            let length = part.kind != PartKind::Fixed && has(true);
            format!(
                "{}/{}",
                told(code, usize::from(part.code.0)),
                told(length, part.content.len())
            )
        };
        let ours: Vec<String> = parts
            .iter()
            .enumerate()
            .map(|(index, part)| line(part, reading.parameters.get(index)))
            .collect();
        let theirs: Vec<String> = reading.parameters.iter().map(theirs).collect();
        if !self.same(&place, &ours.join(" "), &theirs.join(" ")) {
            return;
        }
        self.parameters += parts.len();
        for (part, read) in parts.iter().zip(&reading.parameters) {
            self.parameter(generated, part.code, part.content, read);
        }
    }

    fn parameter(
        &mut self,
        generated: &Generated,
        code: ParameterCode,
        content: &[u8],
        read: &ReadParameter,
    ) {
        let Some(row) = parameter::row(code) else {
            return;
        };
        let described = (row.describe)(content).unwrap();
        for Row { ours, theirs } in fields::of(self.decoder, code) {
            let Some(field) = described.iter().find(|field| field.name == ours) else {
                continue;
            };
            let theirs = theirs.split('|').find_map(|name| read.fields.get(name));
            let theirs = theirs.map_or("none".to_owned(), |text| normal(text));
            let place = Place {
                generated,
                parameter: Some(code),
                what: ours,
            };
            if self.same(&place, &value(&field.value), &theirs) {
                self.fields += 1;
                *self.kinds.entry((code.0, ours)).or_default() += 1;
            }
        }
    }
}

fn theirs(read: &ReadParameter) -> String {
    let told = |value: Option<usize>| value.map_or("-".to_owned(), |value| value.to_string());
    format!("{}/{}", told(read.code.map(usize::from)), told(read.length))
}

fn value(value: &Value) -> String {
    match value {
        Value::Flag(set) => u8::from(*set).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Coded(code, _) => code.to_string(),
        Value::Digits(digits) => digits.to_string(),
        Value::Text(text) => text.clone(),
        Value::Octets(octets) => isup::hex::write(octets),
        Value::Group(_) => "a group".to_owned(),
    }
}

/// "0x0c" is 12, "a1:b2" is a1b2.
fn normal(text: &str) -> String {
    let number = text
        .strip_prefix("0x")
        .and_then(|figures| u64::from_str_radix(figures, 16).ok());
    number.map_or_else(|| text.replace(':', ""), |number| number.to_string())
}
