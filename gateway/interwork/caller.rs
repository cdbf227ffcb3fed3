//! Who calls: From, P-Asserted-Identity and Privacy (RFC 3261, RFC 3325, RFC 3323) and the calling
//! party number, generic number, category, and, in ANSI networks, charge number, originating line
//! information and generic name (RFC 3398 §7.2.1.1, §8.2.1.1, §12).

use isup::{
    CallingPartyNumber, CallingPartysCategory, ChargeNumber, Digits, GenericName, GenericNumber,
    Message, NatureOfAddress, NumberQualifier, OriginatingLineInformation, Presentation, Screening,
    Variant,
};

use super::number;
use super::profile::Profile;
use super::uri::{Address, values};
use crate::config::{SipTrunk, TrunkGroup};
use crate::dialplan::Number;
use crate::sip::{Incoming, Invite, header};

/// Type of name of a generic name: that of the calling party (T1.113).
const CALLING_NAME: u8 = 1;
/// Characters of a generic name (T1.113).
const LONGEST_NAME: usize = 15;

/// Who calls, as SIP tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The number.
    pub number: Number,
    /// The caller asked not to be shown (RFC 3323).
    pub restricted: bool,
    /// The number of From, where another one was asserted: what the user says of himself.
    pub additional: Option<Number>,
    /// The display name.
    pub name: Option<String>,
    /// `cpc` of the URI.
    pub category: Option<String>,
    /// `isup-oli` of the URI: the ANI II digits.
    pub line: Option<u8>,
    /// Who pays, by P-Charge-Info (RFC 8496).
    pub charged: Option<Number>,
}

impl Caller {
    /// A caller of whom nothing but the number is known.
    #[must_use]
    pub fn new(number: Number) -> Self {
        Self {
            number,
            restricted: false,
            additional: None,
            name: None,
            category: None,
            line: None,
            charged: None,
        }
    }

    /// P-Asserted-Identity from a trusted peer (RFC 3325), otherwise From; none where neither
    /// holds a number. What only a network may say, as category and charging, is believed of a
    /// trusted peer alone.
    #[must_use]
    pub fn of(incoming: &Incoming, trunk: &SipTrunk) -> Option<Self> {
        let from = Address::parse(&incoming.from);
        let asserted: Vec<Address> = match trunk.trusted {
            true => values(&incoming.p_asserted_identity)
                .filter_map(Address::parse)
                .collect(),
            false => Vec::new(),
        };
        let number_of = |address: &Address| number::of(&address.uri);
        let asserted_number = asserted.iter().find_map(number_of);
        let from_number = from
            .as_ref()
            .filter(|from| !from.uri.is_anonymous())
            .and_then(number_of);
        let number = asserted_number.clone().or_else(|| from_number.clone())?;
        let addresses = || asserted.iter().chain(&from).filter(|_| trunk.trusted);
        let parameter = |name: &str| {
            addresses()
                .find_map(|address| address.uri.parameter(name))
                .map(str::to_owned)
        };
        let name = asserted.iter().chain(&from);
        let name = name.filter(|address| !address.uri.is_anonymous());
        let charged = header(&incoming.headers, "P-Charge-Info").filter(|_| trunk.trusted);
        Some(Self {
            restricted: is_restricted(incoming, from.as_ref(), asserted_number.is_some()),
            additional: from_number.filter(|from| {
                asserted_number
                    .as_ref()
                    .is_some_and(|asserted| asserted != from)
            }),
            name: name.into_iter().find_map(|address| address.display.clone()),
            category: parameter("cpc"),
            line: parameter("isup-oli").and_then(|digits| digits.parse().ok()),
            charged: charged.and_then(number::from_uri),
            number,
        })
    }

    /// Puts what SIP says into the IAM; where it says nothing, the template stands.
    pub(super) fn put_into_iam(&self, profile: &Profile, group: &TrunkGroup, iam: &mut Message) {
        let presentation = match self.restricted {
            true => Presentation::Restricted,
            false => Presentation::Allowed,
        };
        if let Some((nature, digits)) = signals(profile, group, &self.number) {
            let there = iam.find::<CallingPartyNumber>();
            // The octets of the template stay where they say the same (RFC 3372 §4.4): Privacy
            // may only hide more than it did.
            let hides = |there: Presentation| there != Presentation::Allowed || !self.restricted;
            let same = there.is_some_and(|there| {
                there.digits == digits && there.nature == nature && hides(there.presentation)
            });
            if !same {
                iam.set(CallingPartyNumber {
                    presentation,
                    screening: Screening::Network,
                    ..CallingPartyNumber::new(nature, digits)
                });
            }
        }
        if let Some(code) = self.category_code(profile) {
            iam.set(code);
        }
        if profile.conventions().from_number
            && let Some(additional) = &self.additional
            && let Some((nature, digits)) = signals(profile, group, additional)
            && !says_already(iam, nature, &digits)
        {
            iam.push(GenericNumber {
                qualifier: NumberQualifier::AdditionalCalling,
                nature,
                plan: isup::NumberingPlan::Isdn,
                incomplete: false,
                presentation,
                screening: Screening::UserNotVerified,
                digits,
            });
        }
        if iam.variant() == Variant::Ansi {
            self.put_into_ansi_iam(profile, group, presentation, iam);
        }
    }

    /// What T1.113 has beside Q.763.
    fn put_into_ansi_iam(
        &self,
        profile: &Profile,
        group: &TrunkGroup,
        presentation: Presentation,
        iam: &mut Message,
    ) {
        if let Some(line) = self.line {
            iam.set(OriginatingLineInformation(line));
        }
        if let Some(charged) = &self.charged
            && let Some((_, digits)) = signals(profile, group, charged)
        {
            // 3: ANI of the calling party, national number (T1.113).
            iam.set(ChargeNumber {
                nature: NatureOfAddress::National,
                plan: isup::NumberingPlan::Isdn,
                digits,
            });
        }
        if let Some(name) = &self.name
            && iam.find::<GenericName>().is_none()
        {
            iam.push(GenericName {
                kind: CALLING_NAME,
                unavailable: false,
                presentation,
                name: name.chars().take(LONGEST_NAME).collect(),
            });
        }
    }

    fn category_code(&self, profile: &Profile) -> Option<CallingPartysCategory> {
        let row = profile.category_of(self.category.as_deref()?)?;
        Some(row.code)
    }
}

/// Privacy asks for it (RFC 3323 §4.2, RFC 3325 §9.3), or From is anonymous while a network
/// asserts who it is. "none" asks for the contrary.
fn is_restricted(incoming: &Incoming, from: Option<&Address>, asserted: bool) -> bool {
    let privacy = incoming.privacy.as_deref().unwrap_or_default();
    let mut values = privacy.split([';', ',']).map(str::trim);
    if values
        .clone()
        .any(|value| value.eq_ignore_ascii_case("none"))
    {
        return false;
    }
    let asks = |value: &str| {
        ["id", "user", "header"]
            .iter()
            .any(|v| v.eq_ignore_ascii_case(value))
    };
    let anonymous = asserted && from.is_some_and(|from| from.uri.is_anonymous());
    anonymous || values.any(asks)
}

/// Whether the template has that additional calling party number.
fn says_already(iam: &Message, nature: NatureOfAddress, digits: &Digits) -> bool {
    iam.all::<GenericNumber>().any(|number| {
        number.qualifier == NumberQualifier::AdditionalCalling
            && number.nature == nature
            && number.digits == *digits
    })
}

fn signals(
    profile: &Profile,
    group: &TrunkGroup,
    number: &Number,
) -> Option<(NatureOfAddress, Digits)> {
    let (digits, nature) = number::to_parameter(number, group, profile);
    Some((nature, number::signals(&digits).ok()?))
}

/// The calling number of an IAM, and whether it may be shown; none where there is none.
#[must_use]
pub fn calling(
    iam: &Message,
    group: &TrunkGroup,
    profile: &Profile,
) -> Option<(Number, CallingPartyNumber)> {
    let parameter = iam.find::<CallingPartyNumber>()?;
    if parameter.presentation == Presentation::NotAvailable {
        return None;
    }
    let (digits, nature, plan) = (&parameter.digits, parameter.nature, parameter.plan);
    let number = number::from_parameter(digits, nature, plan, group, profile)?;
    Some((number, parameter))
}

/// Says in the INVITE who calls (RFC 3398 §8.2.1.1, §12.1). An untrusted peer never learns a number
/// that may not be shown, nor what only networks tell each other.
pub(crate) fn put_into_invite(
    iam: &Message,
    group: &TrunkGroup,
    trunk: &SipTrunk,
    profile: &Profile,
    own_host: &str,
    invite: &mut Invite,
) {
    let caller = calling(iam, group, profile);
    let hidden = |presentation| {
        matches!(
            presentation,
            Presentation::Restricted | Presentation::RestrictedByNetwork
        )
    };
    let restricted = caller
        .as_ref()
        .is_some_and(|(_, number)| hidden(number.presentation));
    let parameters = match trunk.trusted {
        true => of_the_line(iam, profile),
        false => String::new(),
    };
    let uri = |number: &Number| number::to_uri_with(number, &parameters, own_host);
    invite.from = match &caller {
        Some(_) if restricted => "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned(),
        Some((number, _)) => {
            let shown =
                additional(iam, group, profile).filter(|_| profile.conventions().from_number);
            format!(
                "{}<{}>",
                display(iam),
                uri(shown.as_ref().unwrap_or(number))
            )
        }
        // No calling number: a URI without user part (RFC 3398 §8.2.1.1).
        None => format!("<sip:{own_host}>"),
    };
    let Some((number, parameter)) = &caller else {
        return;
    };
    let by_network = matches!(
        parameter.screening,
        Screening::Network | Screening::UserPassed
    );
    if trunk.trusted && by_network {
        let identity = format!("{}<{}>", display(iam), uri(number));
        invite.p_asserted_identity.push(identity);
    }
    if restricted {
        invite.privacy = Some("id".to_owned());
    }
    if trunk.trusted
        && let Some(charge) = iam.find::<ChargeNumber>()
        && let nature = NatureOfAddress::National
        && let Some(charged) =
            number::from_parameter(&charge.digits, nature, charge.plan, group, profile)
    {
        let uri = number::to_uri(&charged, own_host);
        invite
            .headers
            .push(("P-Charge-Info".to_owned(), format!("<{uri}>")));
    }
}

/// The number that the calling user gives himself, when it may be shown.
fn additional(iam: &Message, group: &TrunkGroup, profile: &Profile) -> Option<Number> {
    let mut numbers = iam.all::<GenericNumber>();
    let number = numbers.find(|number| {
        number.qualifier == NumberQualifier::AdditionalCalling
            && number.presentation == Presentation::Allowed
    })?;
    number::from_parameter(&number.digits, number.nature, number.plan, group, profile)
}

/// `cpc` and `isup-oli` of the caller's URI. The category of those of whom nothing is known is not
/// told.
fn of_the_line(iam: &Message, profile: &Profile) -> String {
    let mut text = String::new();
    let category = iam.find::<CallingPartysCategory>();
    let told = category.filter(|code| {
        *code != profile.other_category().code && *code != CallingPartysCategory::Unknown
    });
    if let Some(row) = told.and_then(|code| profile.category(code)) {
        text.push_str(&format!(";cpc={}", row.cpc));
    }
    if let Some(line) = iam.find::<OriginatingLineInformation>() {
        text.push_str(&format!(";isup-oli={:02}", line.0));
    }
    text
}

/// The calling name as a display name, when it may be shown.
fn display(iam: &Message) -> String {
    let mut names = iam.all::<GenericName>();
    let name = names.find(|name| {
        name.kind == CALLING_NAME && !name.unavailable && name.presentation == Presentation::Allowed
    });
    match name.map(|name| name.name.trim().replace(['"', '\\'], "'")) {
        Some(name) if !name.is_empty() => format!("\"{name}\" "),
        _ => String::new(),
    }
}
