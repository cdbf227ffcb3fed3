//! The ISUP messages of a capture, each under the frame that it came in.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use isup::explain;
use isup::json::JsonMessage;
use isup::{Mask, Variant};
use jiff::Timestamp;
use serde::Serialize;

use super::frame::{Frame, FrameError, Isup, Reader};
use super::packets::{self, Place};
use super::sctp::Left;

/// A frame in a line of JSON.
#[derive(Debug, Serialize)]
struct JsonFrame {
    frame: u64,
    time: String,
    #[serde(flatten)]
    content: JsonContent,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum JsonContent {
    Read {
        link: &'static str,
        path: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        what: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<JsonMessage>,
    },
    Wrong {
        wrong: String,
    },
}

/// Prints what the capture at `path` holds.
///
/// # Errors
/// When the file cannot be read, and after all frames when one of them could not.
pub(super) fn run(
    path: &Path,
    variant: Variant,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut print = Print::new(json, out);
    print
        .capture(BufReader::new(file), variant)
        .with_context(|| path.display().to_string())?;
    print.end()
}

/// Prints what a capture holds, pcap or pcapng, as `isthmus decode --pcap` does. `variant` is what
/// its links carry; `json` makes a line of JSON of each message.
///
/// # Errors
/// When it is no capture, and after all frames when one of them cannot be read.
pub fn print_capture(
    file: impl BufRead,
    variant: Variant,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut print = Print::new(json, out);
    print.capture(file, variant)?;
    print.end()
}

/// Messages as they are printed, and frames by what became of them.
struct Print<'a, W> {
    json: bool,
    out: &'a mut W,
    frames: u64,
    messages: u64,
    /// Numbers of the frames that could not be read, or not all of them.
    wrong: BTreeSet<u64>,
}

impl<'a, W: Write> Print<'a, W> {
    fn new(json: bool, out: &'a mut W) -> Self {
        Self {
            json,
            out,
            frames: 0,
            messages: 0,
            wrong: BTreeSet::new(),
        }
    }

    fn capture(&mut self, file: impl BufRead, variant: Variant) -> anyhow::Result<()> {
        let mut reader = Reader::new(variant);
        let whole = packets::read(file, &mut |packet| {
            self.frames += 1;
            reader
                .read(&packet)
                .into_iter()
                .try_for_each(|read| match read {
                    Ok(frame) => self.frame(packet.place, frame),
                    Err(error) => self.wrong(packet.place, error.to_string()),
                })
        });
        // Also of a capture that breaks off.
        for Left { place, tsn } in reader.left() {
            let frame = place.number;
            self.wrong(place, FrameError::Fragment { frame, tsn }.to_string())?;
        }
        whole
    }

    fn end(self) -> anyhow::Result<()> {
        let Self {
            frames, messages, ..
        } = self;
        if !self.json {
            let s = |count| if count == 1 { "" } else { "s" };
            let (of_frames, of_messages) = (s(frames), s(messages));
            writeln!(
                self.out,
                "{frames} frame{of_frames}, {messages} ISUP message{of_messages}"
            )?;
        }
        match self.wrong.len() {
            0 => Ok(()),
            wrong => bail!("{wrong} of {frames} frames cannot be read"),
        }
    }

    fn frame(&mut self, place: Place, frame: Frame) -> anyhow::Result<()> {
        match self.json {
            true => self.json_line(place, frame),
            false => self.tree(place, frame),
        }
    }

    fn wrong(&mut self, place: Place, wrong: String) -> anyhow::Result<()> {
        self.wrong.insert(place.number);
        if self.json {
            return self.write_json(place, JsonContent::Wrong { wrong });
        }
        let (number, time) = (place.number, time(place.at));
        writeln!(self.out, "frame {number}  {time}  WRONG: {wrong}\n")?;
        Ok(())
    }

    fn tree(&mut self, place: Place, frame: Frame) -> anyhow::Result<()> {
        let Frame {
            link,
            path,
            what,
            isup,
        } = frame;
        let tree = match isup.map(
            |Isup {
                 octets,
                 variant,
                 begins,
             }| { explain::decode_tree(&octets, variant, begins, Mask::Nothing) },
        ) {
            Some(Ok(tree)) => {
                self.messages += 1;
                tree + "\n"
            }
            Some(Err(error)) => {
                self.wrong.insert(place.number);
                format!("WRONG: no ISUP message: {error}\n")
            }
            None => String::new(),
        };
        let head = [&time(place.at), link, &path, &what];
        let head: Vec<&str> = head.into_iter().filter(|part| !part.is_empty()).collect();
        let (number, head) = (place.number, head.join("  "));
        writeln!(self.out, "frame {number}  {head}\n{tree}")?;
        Ok(())
    }

    fn json_line(&mut self, place: Place, frame: Frame) -> anyhow::Result<()> {
        let Frame {
            link,
            path,
            what,
            isup,
        } = frame;
        let message = match isup.map(
            |Isup {
                 octets,
                 variant,
                 begins,
             }| { JsonMessage::decode(&octets, variant, begins) },
        ) {
            Some(Err(error)) => return self.wrong(place, format!("no ISUP message: {error}")),
            Some(Ok(message)) => {
                self.messages += 1;
                Some(message)
            }
            None => None,
        };
        let content = JsonContent::Read {
            link,
            path,
            what,
            message,
        };
        self.write_json(place, content)
    }

    fn write_json(&mut self, place: Place, content: JsonContent) -> anyhow::Result<()> {
        let line = JsonFrame {
            frame: place.number,
            time: time(place.at),
            content,
        };
        // A reader that went away shows as such.
        serde_json::to_writer(&mut *self.out, &line).map_err(io::Error::from)?;
        writeln!(self.out)?;
        Ok(())
    }
}

fn time(at: Duration) -> String {
    Timestamp::from_duration(at.try_into().unwrap_or_default())
        .map_or_else(|_| format!("{at:?}"), |at| format!("{at:.6}"))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::capture::{Capture, Direction};
    use pcap_file::DataLink;
    use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};

    const RLC: [u8; 12] = [0x80, 0x81, 9, 0x85, 0x02, 0x40, 0x00, 0x50, 5, 0, 0x10, 0];

    fn printed(name: &str, octets: &[u8], json: bool) -> (String, Option<String>) {
        let folder = std::env::temp_dir().join(format!("isthmus-decode-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, octets).unwrap();
        let mut out = Vec::new();
        let error = run(&path, Variant::Itu, json, &mut out).err();
        std::fs::remove_file(&path).unwrap();
        (
            String::from_utf8(out).unwrap(),
            error.map(|error| format!("{error:#}")),
        )
    }

    /// What `isthmus run` writes: SIP with an ISUP body, a filler, a message on the link, an
    /// unreadable one, and what is no signalling.
    fn written_by_ourselves() -> Vec<u8> {
        let invite = b"INVITE sip:+493055500001@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\ni: one\r\nCSeq: 7 INVITE\r\nContent-Type: application/ISUP;version=itu-t92+\r\nContent-Length: 6\r\n\r\n\x0C\x02\x00\x02\x80\x91";
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (a, b) = (address("192.0.2.1:5060"), address("192.0.2.2:5060"));
        let mut octets = Vec::new();
        let mut capture = Capture::new(&mut octets).unwrap();
        let at = |seconds: u64| Duration::new(1_700_000_000 + seconds, 250_000_000);
        capture.datagram(at(0), a, b, invite).unwrap();
        let unit = |capture: &mut Capture<_>, second, unit: &[u8]| {
            capture
                .signal_unit(at(second), Direction::Sent, unit)
                .unwrap();
        };
        unit(&mut capture, 1, &[0x80, 0x80, 0]);
        unit(&mut capture, 2, &RLC);
        unit(&mut capture, 3, &RLC[..9]);
        unit(
            &mut capture,
            4,
            &[0x80, 0x82, 9, 0x85, 2, 0x40, 0, 0x50, 5, 0, 0x0C, 9],
        );
        unit(&mut capture, 5, &[0x80, 0x80, 1, 0]);
        capture.datagram(at(6), a, b, b"\x80\0rtp").unwrap();
        capture.flush().unwrap();
        drop(capture);
        octets
    }

    #[test]
    fn a_capture_as_text() {
        let (text, error) = printed("text.pcapng", &written_by_ourselves(), false);
        assert_eq!(error.as_deref(), Some("2 of 7 frames cannot be read"));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_capture_as_lines_of_json() {
        let (text, error) = printed("json.pcapng", &written_by_ourselves(), true);
        assert_eq!(error.as_deref(), Some("2 of 7 frames cannot be read"));
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let frames: Vec<_> = lines
            .iter()
            .map(|line| line["frame"].as_u64().unwrap())
            .collect();
        assert_eq!(frames, [1, 3, 4, 5, 6]);
        assert_eq!(lines[1]["message"]["message"], "RLC");
        assert_eq!(lines[1]["message"]["cic"], 5);
        let message: JsonMessage = serde_json::from_value(lines[0]["message"].clone()).unwrap();
        assert_eq!(message.encode().unwrap(), [0x0C, 2, 0, 2, 0x80, 0x91]);
        assert!(lines[2]["wrong"].is_string() && lines[3]["wrong"].is_string());
    }

    #[test]
    fn a_capture_of_the_older_kind_that_breaks_off() {
        let header = PcapHeader {
            datalink: DataLink::MTP3,
            ..PcapHeader::default()
        };
        let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
        let packet = PcapPacket::new(Duration::from_secs(1), 9, &RLC[3..]);
        writer.write_packet(&packet).unwrap();
        let cut = PcapPacket::new(Duration::from_secs(2), 20, &RLC[3..]);
        writer.write_packet(&cut).unwrap();
        let mut octets = writer.into_writer();
        let (text, error) = printed("old.pcap", &octets, false);
        assert!(
            text.contains("mtp3  0-0-1 > 0-0-2 sls 5 ni national\nCIC 5\nRLC"),
            "{text}"
        );
        assert!(
            text.contains("frame 2  1970-01-01T00:00:02.000000Z  WRONG: cut off"),
            "{text}"
        );
        assert_eq!(error.as_deref(), Some("1 of 2 frames cannot be read"));
        octets.truncate(octets.len() - 3);
        let (text, error) = printed("broken.pcap", &octets, false);
        assert!(text.contains("CIC 5\nRLC"), "{text}");
        assert!(error.unwrap().contains("breaks off after frame 1"));
    }
    /// A message over M3UA in three fragments, of which the second is lost: what is there is told.
    #[test]
    fn a_fragment_without_the_rest_is_told_at_the_end() {
        let header = PcapHeader {
            datalink: DataLink::SCTP,
            ..PcapHeader::default()
        };
        let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
        for (second, flags, tsn) in [(1, 2, 1), (2, 1, 3)] {
            let data = [11, 89, 11, 89, 0, 0, 0, 1, 0, 0, 0, 0, 0, flags, 0, 20];
            let data = [
                &data[..],
                &[0, 0, 0, tsn, 0, 1, 0, 0, 0, 0, 0, 3, 1, 0, 1, 1],
            ]
            .concat();
            let at = Duration::from_secs(second);
            let packet = PcapPacket::new(at, data.len() as u32, &data);
            writer.write_packet(&packet).unwrap();
        }
        let (text, error) = printed("lost.pcap", &writer.into_writer(), false);
        insta::assert_snapshot!(text);
        assert_eq!(error.as_deref(), Some("2 of 2 frames cannot be read"));
    }
}
