"""A made-up company with customers in five countries of Europe, each with names, towns and ways of writing of its own.

What it shows and sets of one country cannot: that a given name, a family name and a town go together. Its people go by
names with and without diacritics (`Jürgen`, `Jurgen`, `Juergen`), by two surnames or one of them, and by dates and
numbers as their country writes them; relatives share addresses and some phones. The same seed gives the same rows.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from families import Families, numbered, slip

COLUMNS = ("id", "source", "name", "phone", "email", "birth", "street", "postcode", "city", "country")
ROLES = (
    "record_id: id\nsource: source\ndefault_region: DE\nroles: {full_name: name, phone: phone, email: email, "
    "birth_date: birth, street: street, postcode: postcode, locality: city, country: country}"
)
# Letters that two spellings without diacritics know: `oe` beside `o`.
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "Ö": "Oe", "Ø": "Oe", "Å": "Aa"})
_PLAIN = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O"})


@dataclass(frozen=True)
class Country:
    """`calling`: the prefix abroad and the one at home; `mobile`: how numbers start and how many digits follow."""

    name: str
    calling: tuple[str, str]
    mobile: tuple[str, int]
    date_format: str
    given: str
    family: str
    towns: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]


COUNTRIES = (
    Country(
        "Germany", ("49", "0"), ("151", 8), "%d.%m.%Y",
        "Jürgen Björn Günther Jörg Käthe Bärbel Stefan Andreas Sabine Petra Monika Ursula Wolfgang Matthias Christoph "
        "Lukas Hannah Sophie Johanna Friedrich Heike Anke Uwe Hans-Peter Anna-Lena",
        "Müller Schröder Groß Weiß Jäger Köhler König Krüger Schäfer Böhm Schmidt Meyer Maier Fischer Weber Schulz "
        "Hoffmann Becker Wagner Bauer Richter Klein Neumann Schwarz Zimmermann",
        (("München", "80###"), ("Köln", "50###"), ("Düsseldorf", "40###"), ("Hamburg", "20###")),
        ("Hauptstraße", "Bahnhofstraße", "Goethestraße", "Lindenweg", "Königsallee", "Gartenstraße"),
    ),
    Country(
        "France", ("33", "0"), ("6", 8), "%d/%m/%Y",
        "François Hélène Éric Élodie Jérôme Cédric Noémie Zoé Benoît Geneviève Anaïs Chloé Mathieu Julien Nicolas "
        "Camille Léa Manon Aurélie Sébastien Frédéric Céline Stéphane Jean-Pierre",
        "Lefèvre Dupont Durand Moreau Lefebvre Fournier Girard Bonnet Dupuis Mercier Garnier Faure Chevalier Gauthier "
        "d'Arcy Béranger Hébert Légaré Rémy Roussel",
        (("Paris", "75###"), ("Lyon", "69###"), ("Orléans", "45###"), ("Besançon", "25###")),
        ("rue de la République", "avenue Victor Hugo", "place de l'Église", "rue des Écoles", "chemin du Moulin"),
    ),
    Country(
        "Spain", ("34", ""), ("6", 8), "%d/%m/%Y",
        "José María Lucía Jesús Ángel Sofía Andrés Íñigo Álvaro Raúl Mónica Belén Inés Martín Adrián Rocío Begoña Iván "
        "Óscar Víctor Nuria Pilar Carmen Antonio Manuel",
        "García Rodríguez Fernández González López Martínez Sánchez Pérez Gómez Jiménez Ruiz Hernández Díaz Moreno "
        "Álvarez Muñoz Romero Alonso Gutiérrez Núñez Peña Ibáñez",
        (("Málaga", "29###"), ("Cádiz", "11###"), ("León", "24###"), ("Madrid", "28###")),
        ("Calle Mayor", "Avenida de la Constitución", "Plaza España", "Paseo del Prado", "Camino Viejo"),
    ),
    Country(
        "Poland", ("48", ""), ("51", 7), "%d.%m.%Y",
        "Łukasz Paweł Michał Małgorzata Agnieszka Krzysztof Grzegorz Bożena Zbigniew Jakub Wojciech Katarzyna Elżbieta "
        "Stanisław Tomasz Piotr Joanna Ewa Marcin",
        "Kowalczyk Wójcik Woźniak Mazur Krawczyk Nowak Król Wróbel Dudek Pawlak Zając Szewczyk Baran Duda Górski "
        "Sikora Michalak Kaczmarek Stępień Jabłoński",
        (("Kraków", "30-###"), ("Łódź", "90-###"), ("Wrocław", "50-###"), ("Gdańsk", "80-###")),
        ("ul. Długa", "ul. Polna", "ul. Słoneczna", "al. Jerozolimskie", "ul. Źródlana"),
    ),
    Country(
        "Denmark", ("45", ""), ("2", 7), "%d.%m.%Y",
        "Søren Jørgen Bjørn Åse Kåre Øyvind Lars Mette Kjeld Mikkel Freja Astrid Håkon Ingrid Knut Magnus Rasmus "
        "Jesper Birgitte",
        "Sørensen Jørgensen Møller Kjær Østergaard Nielsen Hansen Pedersen Andersen Christensen Larsen Rasmussen "
        "Bjørnsen Thomsen Poulsen Madsen",
        (("København", "21##"), ("Århus", "80##"), ("Ålborg", "90##"), ("Odense", "50##")),
        ("Nørregade", "Østerbrogade", "Kirkevej", "Skovvej", "Åboulevarden"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    country: Country
    given: str
    family: str
    birth: date
    phone: str
    email: str
    street: str
    postcode: str
    city: str


def make(people: int, *, seed: int = 1) -> Families:
    """At least so many people, alone or in homes of two or three; `rows` in the order of COLUMNS."""
    chance = random.Random(seed)  # noqa: S311 (a benchmark repeats)
    found: list[Person] = []
    while len(found) < people:
        found += _household(chance)
    rows, truth = numbered([_records(chance, person) for person in found])
    return Families(rows, truth, ROLES)


def _digits(chance: random.Random, many: int) -> str:
    return "".join(chance.choices("0123456789", k=many))


def _household(chance: random.Random) -> list[Person]:
    country = chance.choice(COUNTRIES)
    city, pattern = chance.choice(country.towns)
    postcode = "".join(_digits(chance, 1) if sign == "#" else sign for sign in pattern)
    road, number = chance.choice(country.streets), chance.randint(1, 180)
    street = f"{number} {road}" if country.name == "France" else f"{road} {number}"
    families = country.family.split()
    surname = chance.choice(families)
    home: list[Person] = []
    for place in range(chance.choice((1, 1, 1, 2, 2, 3))):
        family = chance.choice(families) if place == 1 and chance.random() < 0.2 else surname
        if country.name == "Spain":
            family = f"{family} {chance.choice(families)}"
        given = chance.choice(country.given.split())
        first, days = (date(1998, 1, 1), 3_600) if place == 2 else (date(1950, 1, 1), 16_000)
        start, many = country.mobile
        phone, user = start + _digits(chance, many), _spelt_out(f"{given}.{family.split()[0]}").lower()
        if chance.random() < 0.3:
            user = "".join(chance.choices("abcdefghijkmnpqrstuvwxyz", k=6))
        user = user.replace("'", "")
        email = f"{user}{chance.randint(10, 9999)}@{chance.choice(('gmail.com', 'hotmail.com'))}"
        if place and chance.random() < 0.4:
            phone = home[0].phone
        birth = first + timedelta(days=chance.randrange(days))
        home.append(Person(country, given, family, birth, phone, email, street, postcode, city))
    return home


def _records(chance: random.Random, person: Person) -> list[tuple[str, ...]]:
    """(source, name, phone, email, birth, street, postcode, city, country) of each record of one person."""
    country = person.country

    def maybe(share: float, value: str) -> str:
        return value if chance.random() < share else ""

    def spelt(text: str) -> str:
        return chance.choices((text, _plain(text), _spelt_out(text)), (0.6, 0.25, 0.15))[0]

    def given() -> str:
        whole = person.given
        if "-" in whole and chance.random() < 0.3:
            whole = chance.choice((whole.split("-")[0], whole.replace("-", " ")))
        return slip(chance, spelt(whole), share=0.03, shortest=5)

    def family() -> str:
        parts = person.family.split()
        return slip(chance, spelt(parts[0] if chance.random() < 0.4 else person.family), share=0.03, shortest=5)

    def phone() -> str:
        abroad, at_home = country.calling
        number = person.phone
        return chance.choice((f"+{abroad}{number}", f"+{abroad} {number[:3]} {number[3:]}", f"00{abroad}{number}",
                              at_home + number, f"{at_home}{number[:3]} {number[3:6]} {number[6:]}"))  # fmt: skip

    def born() -> str:
        return person.birth.strftime(chance.choice((country.date_format, "%Y-%m-%d")))

    place = (person.postcode, spelt(person.city), country.name)
    found: list[tuple[str, ...]] = []
    if chance.random() < 0.75:
        found.append(("crm", f"{given()} {family()}", maybe(0.9, phone()), maybe(0.5, person.email), maybe(0.6, born()),
                      maybe(0.7, spelt(person.street)), *place))  # fmt: skip
    if chance.random() < 0.5:
        found.append(("app", "", phone(), maybe(0.6, person.email), "", "", "", *place[1:]))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        found.append(("shop", f"{given()} {family()}", maybe(0.8, phone()), maybe(0.7, person.email), "",
                      spelt(person.street), *place))  # fmt: skip
    if chance.random() < 0.3:
        found.append(("list", f"{family()}, {given()}", maybe(0.3, phone()), maybe(0.7, person.email),
                      maybe(0.5, born()), "", "", "", country.name))  # fmt: skip
    if chance.random() < 0.15:
        name = f"{_spelt_out(person.family)}/{_spelt_out(person.given)} {chance.choice(('MR', 'MS'))}".upper()
        found.append(("hotel", name, maybe(0.4, phone()), "", born(), "", "", "", country.name))
    return found


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


def _spelt_out(text: str) -> str:
    return _plain(text.translate(_SPELT_OUT))
