"""Reads ISUP messages in hexadecimal figures, from the circuit identification code on, one in a
line of standard input, and writes for each what pycrate decodes as a line of JSON."""

import json
import sys

from pycrate_core.elt import Alt, Atom
from pycrate_mobile.ISUP import ISUPNum, parse_ISUP


def fields(element, found):
    """Every field below an element as text; the first of each name."""
    if element.get_trans():
        return
    if isinstance(element, ISUPNum):
        found.setdefault("digits", element.get_num())
    if isinstance(element, Alt):
        fields(element.get_alt(), found)
        return
    if isinstance(element, Atom):
        value = element.get_val()
        text = value.hex() if isinstance(value, bytes) else str(value)
        found.setdefault(element._name, text)
        return
    for child in element:
        fields(child, found)


def parameter(element, head):
    """A parameter; `head` says which of Name and Len stand before its content."""
    found = {}
    values = {name: element[name].get_val() for name in head}
    content = element[len(head)] if head else element
    fields(content, found)
    return {"code": values.get("Name"), "length": values.get("Len"), "fields": found}


def parameters(message):
    for element in message:
        name = element._name
        if name in ("CIC", "Type", "Pointers") or element.get_trans():
            continue
        if name == "Opt":
            for option in element:
                if option._name != "EOO" and not option.get_trans():
                    yield parameter(option, ("Name", "Len"))
        elif not isinstance(element, Atom) and element[0]._name == "Len":
            yield parameter(element, ("Len",))
        else:
            yield parameter(element, ())


def read(octets):
    message, error = parse_ISUP(octets)
    if error:
        return {"error": {1: "unknown message type"}.get(error, "cannot be parsed")}
    return {
        "cic": message["CIC"].get_val(),
        "message": message["Type"].get_val(),
        "parameters": list(parameters(message)),
        "same": message.to_bytes() == octets,
    }


for line in sys.stdin.read().splitlines():
    print(json.dumps(read(bytes.fromhex(line))))
