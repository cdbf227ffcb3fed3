//! The coded fields of numbers: nature of address, numbering plan, presentation, screening.

use super::coded::coded;

coded! {
    /// Nature of address indicator (§3.9 b, §3.10 b; T1.113 for the codes from 0x71 on).
    NatureOfAddress {
        Subscriber = 1 => "subscriber number",
        Unknown = 2 => "unknown",
        National = 3 => "national (significant) number",
        International = 4 => "international number",
        NetworkSpecific = 5 => "network-specific number",
        NetworkRoutingNational = 6 => "network routing number in national number format",
        NetworkRoutingSpecific = 7 => "network routing number in network-specific number format",
        NetworkRoutingCalledDirectory = 8 => "network routing number concatenated with called directory number",
    }
}

coded! {
    /// Numbering plan indicator (§3.9 d).
    NumberingPlan {
        Spare = 0 => "spare",
        Isdn = 1 => "ISDN (telephony) numbering plan, E.164",
        Data = 3 => "data numbering plan, X.121",
        Telex = 4 => "telex numbering plan, F.69",
        Private = 5 => "private numbering plan",
    }
}

coded! {
    /// Address presentation restricted indicator (§3.10 e).
    Presentation {
        Allowed = 0 => "presentation allowed",
        Restricted = 1 => "presentation restricted",
        NotAvailable = 2 => "address not available",
        RestrictedByNetwork = 3 => "presentation restricted by the network",
    }
}

coded! {
    /// Screening indicator (§3.10 f).
    Screening {
        UserNotVerified = 0 => "user provided, not verified",
        UserPassed = 1 => "user provided, verified and passed",
        UserFailed = 2 => "user provided, verified and failed",
        Network = 3 => "network provided",
    }
}

coded! {
    /// Number qualifier indicator of a generic number (§3.26 a).
    NumberQualifier {
        DialledDigits = 0x00 => "dialled digits",
        AdditionalCalled = 0x01 => "additional called number",
        SupplementalUserNetwork = 0x02 => "supplemental user provided calling number, failed network screening",
        SupplementalUserNotScreened = 0x03 => "supplemental user provided calling number, not screened",
        RedirectingTerminating = 0x04 => "redirecting terminating number",
        AdditionalConnected = 0x05 => "additional connected number",
        AdditionalCalling = 0x06 => "additional calling party number",
        AdditionalOriginalCalled = 0x07 => "additional original called number",
        AdditionalRedirecting = 0x08 => "additional redirecting number",
        AdditionalRedirection = 0x09 => "additional redirection number",
        CalledFreephone = 0x0A => "called freephone number",
    }
}
