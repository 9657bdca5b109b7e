"""Labelled texts for `redact.py`: sentences by hand, values by Faker, texts with nothing private.

A sentence has one slot in braces, named after its kind. The values come from a library that knows
nothing of our detectors, in the way of many countries.
"""

import json
import random
from collections.abc import Callable, Iterator
from hashlib import sha256
from uuid import UUID

from faker import Faker

Case = tuple[str, str | None, str]
"""The text, the kind of the value in it (None: there is none), and the value."""

SENTENCES = {
    "email": [
        "Please write to {} about my order.",
        "Meine Adresse ist {}, danke!",
        "mon mail : {}.",
        '{{"customer": {{"contact": "{}"}}}}',
        "Kontakt ({}) oder per Post",
        "メールは{}までお願いします。",
        "From: Ada <{}>\nSubject: the wheel",
    ],
    "phone": [
        "Call me on {} after six.",
        "You can reach me at {}.",
        "Meine Telefonnummer lautet {}.",
        "Mon numéro de téléphone : {}",
        "Mi teléfono es {}, gracias.",
        "Il mio numero di telefono è {}.",
        "Mijn telefoonnummer is {}.",
        '{{"phone_number": "{}", "name": "Ada"}}',
        "Tel.: {}",
    ],
    "card": [
        "My card is {}, can you charge it?",
        "Karte {} wurde abgelehnt",
        "payé avec {} hier",
        '{{"payment": {{"number": "{}"}}}}',
    ],
    "iban": [
        "Refund it to {} please.",
        "Bitte überweisen Sie auf {}.",
        "Mon IBAN : {}",
        '{{"account": "{}"}}',
        "IBAN {} (Ada Lund)",
    ],
    "ip": [
        "The login came from {} last night.",
        "blocked {} after 5 tries",
        '{{"client_ip": "{}"}}',
        "host={} port=22",
    ],
}
PHONES = ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "en_GB", "pt_BR", "en_IN", "en_AU")
IBANS = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "en_GB", "pl_PL", "fi_FI")
IDENTITIES = [
    ("en_US", "My social security number is {}.", "ssn"),
    ("en_GB", "NI number {} is on the form.", "ssn"),
    ("fr_FR", "Numéro de sécurité sociale : {}", "ssn"),
    ("it_IT", "Il mio codice fiscale è {}.", "ssn"),
    ("es_ES", "Mi DNI/NIE es {}.", "nie"),
    ("pl_PL", "Mój PESEL to {}.", "pesel"),
    ("pt_BR", "Meu CPF é {}.", "cpf"),
    ("sv_SE", "Mitt personnummer är {}.", "ssn"),
    ("zh_CN", "身份证号码是{}。", "ssn"),
    ("ko_KR", "주민등록번호는 {} 입니다", "ssn"),
    ("nl_NL", "Mijn BSN is {}.", "ssn"),
    ("en_IN", "Aadhaar {} is linked", "aadhaar_id"),
]
KEYS = {
    "sk-proj-": (48, "aZ9"),
    "sk-ant-api03-": (80, "aZ9"),
    "sk_live_": (24, "aZ9"),
    "ghp_": (36, "aZ9"),
    "github_pat_": (60, "aZ9"),
    "glpat-": (20, "aZ9"),
    "AKIA": (16, "Z9"),
    "AIza": (35, "aZ9"),
    "xoxb-": (40, "a9"),
    "hf_": (34, "aZ"),
    "npm_": (36, "aZ9"),
    "dop_v1_": (64, "f9"),
}
KEY_SENTENCES = [
    "curl -H 'Authorization: Bearer {}' fails",
    "I use {} and it says 401.",
    "export API_KEY={}",
    '{{"token": "{}"}}',
    "Mein Schlüssel: {}",
]
ASSIGNED = [
    "aws_secret_access_key = {}",
    "client_secret: {}",
    "The api key is {} for now.",
    "Authorization: Bearer {}",
]
PASSWORDS = [
    ("My password is {} and it does not work.", "Tr0ub4dor&3"),
    ("password: {}", "hunter2!"),
    ("Das Passwort lautet {}.", "Sommer2025!"),
    ("mot de passe : {}", "Soleil#42"),
    ("la contraseña es {}", "Gato_1234"),
    ("log in with the password {}", "correct-horse-battery-staple"),
    ('{{"user": "ada", "password": "{}"}}', "s3cret-value"),
    ('{{"db": {{"dbPassword": "{}"}}}}', "plainword"),
    ("postgres://app:{}@db.internal:5432/shop", "Xk29fjQ"),
    ("passwort={}", "Fahrrad7"),
    ("пароль: {}", "Zima2024!"),
    ("パスワード\uff1a{}", "Sakura88!"),
]
NOTHING = [
    "3650*0.1=365 and 3650 - 2000 - 1000 = 650",
    "The trail is 12 345 678 steps long, or 9,876.5 km.",
    "On 2025-03-04 at 12:30:45 we sent order FH-20500, 3 x 12.50 EUR.",
    "Between 1998 and 2004, 12.03.2001 was the coldest day.",
    "Version 10.0.19041.1 of the driver, release 2.4.1.3",
    "The password reset link has expired; please choose a new password.",
    "I forgot my password and the token expired.",
    "Is my password safe with you?",
    "Enter your PIN at the machine.",
    "Change the pin of the hinge, part 4711.",
    "The key to success is practice, and the secret is patience.",
    "max_tokens: 1024, temperature: 0.2, top_p: 1",
    "ISBN 978-3-16-148410-0, 3rd edition",
    "Tracking number 1Z999AA10123456784 says it is in Gary.",
    "Colours: #ff8800, #00aa11223344",
    "The call was at 18:00-19:30 on 04/05/2025.",
    "He scored 415 282 points in 8999 seconds.",
    "Flight LH 2034 leaves at 06:45 from gate B12.",
    "card_payment_wrong_exchange_rate is the intent",
    "Call the function `get_phone_number` with id 17.",
    "chr1:1234567-1239999 is the region",
    "Pi is 3.14159265358979, e is 2.718281828459045.",
    "The address is 221B Baker Street, London NW1 6XE.",
    "https://example.org/p/2025/03/04/12345678.html",
    "@ada thanks! see you @ 5pm",
    "std::vector::push_back and a::b::c",
    "127.0.0.1:8080 and ::1 are this machine",
    "The matrix is 1 0 0; 0 1 0; 0 0 1",
    "Sie wog 3200 g und war 51 cm groß, geboren am 24.12.2024 um 03:15.",
    "La commande n° 20250304-0017 est partie.",
    "Invoice 2026-114, 18 000 USD, 2/10 net 30",
    "row 100000 of 250000 (40.00 %)",
    "a token of thanks",
    "The secret ingredient is: cinnamon",
    "token: string, required",
    "api key: required",
    "password: required",
]


def cases(seed: int = 7) -> Iterator[Case]:
    """All of them, the same for the same seed."""
    draw = random.Random(seed)
    yield from _people(draw)
    yield from _identities()
    yield from _secrets(draw)
    for text in NOTHING:
        yield text, None, ""
    yield from _drawn_nothing(draw)


def _fill(sentence: str, value: str) -> str:
    return sentence.format(value)


def _people(draw: random.Random) -> Iterator[Case]:
    makers: dict[str, list[Callable[[], str]]] = {
        "email": [_faker(place).email for place in ("en_US", "de_DE", "fr_FR", "ja_JP")],
        "phone": [_faker(place).phone_number for place in PHONES],
        "card": [_faker("en_US").credit_card_number],
        "iban": [_faker(place).iban for place in IBANS],
        "ip": [_faker("en_US").ipv4_public, _faker("en_US").ipv6],
    }
    for kind, sentences in SENTENCES.items():
        for number in range(160):
            value = makers[kind][number % len(makers[kind])]()
            if kind == "iban" and draw.random() < 0.5:
                value = " ".join(value[at : at + 4] for at in range(0, len(value), 4))
            if kind == "card" and len(value) == 16 and draw.random() < 0.5:
                value = "-".join(value[at : at + 4] for at in range(0, 16, 4))
            yield _fill(draw.choice(sentences), value), kind, value


def _identities() -> Iterator[Case]:
    for place, sentence, method in IDENTITIES:
        source = _faker(place)
        for _ in range(12):
            value = str(getattr(source, method)())
            yield _fill(sentence, value), "national_id", value


def _secrets(draw: random.Random) -> Iterator[Case]:
    for prefix, (length, letters) in KEYS.items():
        for sentence in KEY_SENTENCES:
            value = prefix + _drawn(draw, length, letters)
            yield _fill(sentence, value), "key", value
    for sentence in ASSIGNED:
        for _ in range(6):
            value = _drawn(draw, 40, "aZ9")
            yield _fill(sentence, value), "key", value
    for sentence, value in PASSWORDS:
        yield _fill(sentence, value), "password", value


def _drawn(draw: random.Random, length: int, letters: str) -> str:
    sets = {"a": "abcdefghijklmnopqrstuvwxyz", "f": "abcdef", "9": "0123456789"}
    sets["Z"] = sets["a"].upper()
    pool = "".join(sets[letter] for letter in letters)
    return "".join(draw.choice(pool) for _ in range(length))


def _drawn_nothing(draw: random.Random) -> Iterator[Case]:
    """Identifiers, hashes, prices and sums, as logs and shops are full of them."""
    for _ in range(150):
        number = draw.randrange(10**7, 10**12)
        ident = UUID(int=draw.getrandbits(128))
        digest = sha256(str(number).encode()).hexdigest()
        a, b = draw.randrange(10**4), draw.randrange(10**4)
        yield f"Your order {number} was packed at {a % 24:02}:{b % 60:02}.", None, ""
        yield f"request {ident} took {a} ms", None, ""
        yield f"commit {digest} touched {b} lines", None, ""
        yield f"{a} + {b} = {a + b}, and {a} / {b + 1} = {a / (b + 1):.6f}", None, ""
        yield json.dumps({"id": number, "sku": f"{a}-{b}", "price": f"{a / 100:.2f}"}), None, ""
        yield f"From {1900 + a % 125}-{b % 12 + 1:02}-{a % 28 + 1:02} to {2000 + b % 30}", None, ""
        yield f"SELECT * FROM t WHERE id IN ({a}, {b}, {number})", None, ""


def _faker(place: str) -> Faker:
    source = Faker(place)
    source.seed_instance(f"{place}-7")
    return source
