//! The command line of a modem (V.250 clause 5.2): `AT`, then commands without anything between them.

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// `A`: answer.
    Answer,
    /// `D`: dial. The digits and `+`; empty for the last number again (`DL`).
    Dial(String),
    /// `H`: hang up.
    HangUp,
    /// `O`: back to data.
    Online,
    /// `E`: echo of commands.
    Echo(bool),
    /// `Q`: results are withheld.
    Quiet(bool),
    /// `V`: results in words.
    Verbose(bool),
    /// `X`: which results there are.
    Results(u8),
    /// `I`: identification.
    Identify(u8),
    /// `Z`, `&F`: registers and settings as they were.
    Reset {
        /// Whether the call ends, too.
        hang_up: bool,
    },
    /// `Sn=v`.
    Set(usize, u8),
    /// `Sn?`.
    Ask(usize),
    /// A setting that changes nothing here: loudspeaker, tone or pulse, lines of the connector.
    Ignored,
}

/// The commands of a line, after the `AT`; none when one of them is not known or has a wrong value.
#[must_use]
pub(super) fn parse(line: &str) -> Option<Vec<Command>> {
    let line: String = line
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let mut rest = line.as_str();
    let mut commands = Vec::new();
    while let Some(name) = rest.chars().next() {
        rest = rest.get(name.len_utf8()..)?;
        let command = match name {
            'A' => Command::Answer,
            'D' => {
                let number = std::mem::take(&mut rest);
                Command::Dial(dialled(number)?)
            }
            'S' => register(&mut rest)?,
            '&' => {
                let name = rest.chars().next()?;
                rest = rest.get(name.len_utf8()..)?;
                let value = number(&mut rest)?;
                match name {
                    'F' => Command::Reset { hang_up: false },
                    'C' | 'D' | 'K' | 'R' | 'S' | 'G' | 'W' | 'Y' if value <= 6 => Command::Ignored,
                    _ => return None,
                }
            }
            _ => basic(name, number(&mut rest)?)?,
        };
        commands.push(command);
    }
    Some(commands)
}

/// A command of a letter and a number.
fn basic(name: char, value: u8) -> Option<Command> {
    let switch = |make: fn(bool) -> Command| (value <= 1).then(|| make(value == 1));
    match name {
        'E' => switch(Command::Echo),
        'Q' => switch(Command::Quiet),
        'V' => switch(Command::Verbose),
        'H' if value <= 1 => Some(Command::HangUp),
        'O' if value <= 1 => Some(Command::Online),
        'X' if value <= 4 => Some(Command::Results(value)),
        'I' => Some(Command::Identify(value)),
        'Z' if value <= 1 => Some(Command::Reset { hang_up: true }),
        'L' | 'M' | 'B' | 'N' | 'W' | 'T' | 'P' if value <= 3 => Some(Command::Ignored),
        _ => None,
    }
}

/// The digits at the beginning of `rest`, which are taken away; 0 when there are none.
fn number(rest: &mut &str) -> Option<u8> {
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    if digits.is_empty() {
        return Some(0);
    }
    digits.parse().ok()
}

fn register(rest: &mut &str) -> Option<Command> {
    let index = usize::from(number(rest)?);
    if let Some(after) = rest.strip_prefix('?') {
        *rest = after;
        return Some(Command::Ask(index));
    }
    *rest = rest.strip_prefix('=')?;
    Some(Command::Set(index, number(rest)?))
}

/// The number in a dial string: pauses and kinds of dialling mean nothing to an exchange that takes
/// the whole number at once. None for a character that is none of a dial string.
fn dialled(text: &str) -> Option<String> {
    if text == "L" {
        return Some(String::new());
    }
    let mut number = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' | '+' | '*' | '#' => number.push(c),
            'T' | 'P' | 'W' | ',' | '@' | '-' | '(' | ')' | '.' | '/' => {}
            _ => return None,
        }
    }
    (!number.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        use Command::*;
        let cases = [
            ("", vec![]),
            (
                " e0 v1 q0 x4",
                vec![Echo(false), Verbose(true), Quiet(false), Results(4)],
            ),
            ("S0=2S12?", vec![Set(0, 2), Ask(12)]),
            ("&F&C1&D2M1L2", {
                let reset = Reset { hang_up: false };
                vec![reset, Ignored, Ignored, Ignored, Ignored]
            }),
            ("DT 030,555-0001", vec![Dial("0305550001".into())]),
            ("dl", vec![Dial(String::new())]),
            ("h0a", vec![HangUp, Answer]),
            ("Z", vec![Reset { hang_up: true }]),
        ];
        for (line, commands) in cases {
            assert_eq!(parse(line), Some(commands), "{line}");
        }
        let wrong = [
            "E2", "S0", "S0=300", "D", "D12;", "DABC", "&", "&Ü1", "ß", "+GMI", "X9", "S=1?",
        ];
        for line in wrong {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
