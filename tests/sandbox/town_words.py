"""The words invented people, companies, jobs and answers are made of."""
# ruff: noqa: SIM905 -- a hundred names read better as running text than one quoted string a line

from __future__ import annotations

# First name, short or other forms of it people type.
FIRST_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (first, tuple(others.split("/")) if others else ())
    for first, _, others in (
        entry.partition(":")
        for entry in """
Alexander:Alex/Sasha Alexandra:Alex/Sandra Andrew:Andy/Drew Anna:Annie Anthony:Tony Benjamin:Ben/Benny
Beatriz:Bea
Catherine:Cathy/Kate Charles:Charlie/Chuck Charlotte:Lottie Christina:Chris/Tina Christopher:Chris/Kit
Daniel:Dan/Danny
David:Dave Deborah:Deb/Debbie Dominic:Dom Edward:Ed/Ted Eleanor:Ellie/Nora Elizabeth:Liz/Beth Emily:Em
Frederick:Fred/Freddy
Gabriel:Gabe Gregory:Greg Isabella:Bella/Izzy Jacob:Jake James:Jim/Jamie Jennifer:Jen/Jenny Jessica:Jess
Johannes:Hannes
Jonathan:Jon Joseph:Joe/Joey Josephine:Jo/Josie Katarina:Kat Kenneth:Ken Laurence:Larry Leonard:Len/Leo
Madeleine:Maddy
Margaret:Maggie/Peggy Matthew:Matt Maximilian:Max Michael:Mike/Mick Nathaniel:Nate Nicholas:Nick Olivia:Liv
Patricia:Pat/Trish
Patrick:Paddy/Pat Penelope:Penny Peter:Pete Philip:Phil Raymond:Ray Rebecca:Becky Richard:Rick/Dick
Robert:Bob/Rob Ronald:Ron
Samantha:Sam Samuel:Sam Sebastian:Seb Stephanie:Steph Stephen:Steve Susanna:Sue/Susie Theodore:Theo/Ted
Thomas:Tom
Timothy:Tim Valentina:Val Victoria:Vicky William:Bill/Will Zachary:Zach
Adrian Agnes Aisha Akira Alma Amara Amelia Amir Ana Anders Anouk Ansel Arjun Astrid Aurora Bruno Camila Carmen
Cecilia
Chiara Claire Clara Cosima Dagny Dalia Darius Diego Dina Elena Elias Elif Emeka Enzo Erik Esther Eva Farah
Fatima Felix
Fiona Flora Freya Gemma Georg Greta Hana Hanna Hugo Ines Ingrid Ioana Ivan Jana Jasper Javier Joana Jonas Julia
Kamal Karin
Kenji Kira Laila Lars Lea Leila Lena Levi Linnea Lior Livia Lorenzo Lucia Luis Luka Magda Malik Mara Marco Maria
Marta Mateo
Maya Mei Mikkel Milan Mina Miriam Mona Naomi Nadia Nils Nina Noah Noor Odette Omar Oscar Otto Paula Pavel Petra
Priya
Rafael Rania Ravi Rosa Ruben Ruth Salma Sanjay Sara Selma Simon Sofia Stella Sven Tamar Tara Tessa Tomas Ulla
Uma Vera
Viktor Wanda Yara Yasmin Yuki Yusuf Zara Zoe
Andr\u00e9 Bj\u00f6rn B\u00e1rbara C\u00e9line Fran\u00e7ois Gra\u017cyna G\u00fcnther H\u00e9l\u00e8ne
In\u00e8s
Jos\u00e9 J\u00fcrgen Lo\u00efc Ma\u00ebl M\u00f3nica Ra\u00fal Ren\u00e9e S\u00e9bastien S\u00f8ren Zo\u00eb
\u0141ukasz
""".split()
    )
)

COMMON_SURNAMES: tuple[str, ...] = tuple(
    """
Abbott Adeyemi Ahmed Almeida Andersen Arnold Bailey Baker Barnes Bauer Becker Bell Bennett Berg Bianchi Blom
Bosch Brandt
Brooks Brown Bruun Burke Campbell Carlsson Carter Castillo Chavez Chen Clarke Cohen Cole Conti Cook Cooper Costa
Cruz
Davies Dawson Delgado Diaz Dietrich Doyle Duarte Dubois Eder Edwards Egger Ellis Engel Evans Faber Farkas
Ferrari Fischer
Fletcher Flores Foster Franke Friedman Fuchs Garcia Gibson Gomez Gonzalez Graf Graham Grant Green Griffin Gruber
Gupta
Haas Hall Hamilton Hansen Harper Harris Hart Hassan Hayes Hermann Hill Hoffmann Holm Hopkins Horvat Huber Hughes
Hunt
Hussein Ibrahim Iyer Jackson Jansen Jensen Johnson Jones Joshi Kaiser Kaplan Kaur Keller Kelly Khan Kim King
Klein Koch
Kovacs Kowalski Kramer Kumar Lambert Lang Larsen Lehmann Lewis Lindgren Lombardi Lopez Lund Lynch Maier Martin
Martinez
Mason Mehta Mendes Meyer Miller Mitchell Moreau Morgan Moretti Morris Murphy Murray Nagy Nakamura Nelson Neumann
Newman
Nguyen Nielsen Novak Okafor Olsen Ortiz Owens Palmer Park Parker Patel Pereira Perez Petrov Pham Phillips
Popescu Porter
Powell Price Quinn Ramos Reid Reyes Ricci Richter Rivera Roberts Robinson Rojas Romano Rossi Roth Russo Ryan
Santos Sato
Sauer Schmid Schmidt Schneider Schulz Scott Shah Sharma Silva Simmons Singh Smith Sokolov Sommer Stein Stewart
Stone
Suzuki Svensson Tanaka Taylor Thompson Torres Tran Turner Vargas Vogel Wagner Walker Wallace Walsh Wang Ward
Watson Weber
Weiss West White Williams Wilson Winter Wolf Wood Wright Yamada Young Zhang Ziegler Zimmermann
M\u00fcller Garc\u00eda L\u00f3pez P\u00e9rez N\u00fa\u00f1ez Gon\u00e7alves Jo\u00e3o S\u00f6derberg
J\u00f8rgensen
\u00d8stergaard Sch\u00e4fer K\u00f6nig Lef\u00e8vre B\u00e9langer Dvo\u0159\u00e1k Nov\u00e1k Kov\u00e1cs
\u015alusarz
\u00c7elik Y\u0131lmaz \u00d6zt\u00fcrk V\u00e4is\u00e4nen H\u00e4kkinen
""".split()
)
PARTICLES: tuple[str, ...] = ("van der", "de", "von", "da", "di", "van")
# Halves of rarer surnames, so that a big town does not fill with namesakes.
SURNAME_STARTS: tuple[str, ...] = tuple(
    """
Ald Amber Ash Bar Birk Blen Bram Bran Cal Cor Crom Dal Dun Elm Fair Fal Gar Glen Had Hal Hav Hol Kel Kes Lan Lin
Lor
Mal Mar Mel Mon Nor Oak Or Pen Quil Rad Rav Ros Sal Sel Sil Stan Tal Thorn Tol Tre Ul Val Ver Wal Wen Wes Wil
Win Wul Yar Zel
""".split()
)
SURNAME_ENDS: tuple[str, ...] = tuple(
    """
beck berg borne bridge burn by cott dale dell den der don dorf er feld field ford gate grove hagen ham heim
hurst ing
kamp ker ki land ley lin lund man mark mere moor more ner rath sen shaw sky son stad stein sten strom ter thal
ton ville
wald well wick win wood worth
""".split()
)

COMPANY_STARTS: tuple[str, ...] = tuple(
    """
Alder Amber Anchor Arbor Argent Ashen Aster Aurum Basalt Beacon Birch Bramble Bright Brook Cedar Cinder Clear
Clover Cobalt
Copper Coral Cove Crest Cypress Dapple Delta Drift Dusk Eastern Elder Ember Fable Falcon Fern Field Flint Forge
Foxglove Gale
Garnet Glade Granite Halcyon Harvest Hazel Heron High Hollow Indigo Iron Ivory Jasper Juniper Kestrel Lantern
Larch Lichen
Linden Lumen Maple Marble Meadow Mica Mill Mist Morrow North Oak Ochre Onyx Opal Orchid Osprey Otter Pebble Pine
Plover Poplar
Prairie Quarry Quartz Quill Raven Reed Ridge River Rowan Russet Sable Saffron Sage Salt Silver Slate Sorrel
Spruce Stone
Summit Swift Tallow Teal Thistle Timber Umber Vale Velvet Verdant Violet Walnut West Willow Winter Wren Yarrow
Zephyr
""".split()
)
COMPANY_MIDDLES: tuple[str, ...] = tuple(
    """
bank bay bell bend bird bloom bridge brook cliff court cross dale fall field fish ford gate glen grove harbor
haven hill
holt house keep lake lane leaf light mark mere mill moor path peak point port reach rock root run shore side
spring stead
stream thorn vale view wall ward water way well wind wood yard
""".split()
)
COMPANY_TRADES: tuple[str, ...] = tuple(
    """
Analytics Apparel Biotech Builders Capital Ceramics Cloud Coffee Components Consulting Dental Devices
Diagnostics Energy
Engineering Foods Freight Furniture Games Health Homes Hosting Hotels Insurance Instruments Labs Lighting
Logistics Machines
Manufacturing Marine Media Mobility Networks Optics Outdoors Packaging Payments Pharma Power Print Properties
Rail Recruiting
Research Robotics Security Semiconductors Software Solar Studios Supplies Systems Textiles Tools Toys Travel
Water Works
""".split()
)
LEGAL_FORMS: tuple[str, ...] = (
    "Inc.",
    "LLC",
    "Ltd",
    "GmbH",
    "AG",
    "B.V.",
    "S.L.",
    "AB",
    "Corp.",
    "Pty Ltd",
)

JOBS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Operations",
        (
            "Operations Analyst",
            "Operations Manager",
            "Head of Operations",
            "Chief Operating Officer",
        ),
    ),
    (
        "Marketing",
        ("Marketing Specialist", "Marketing Manager", "Marketing Director", "VP Marketing", "CMO"),
    ),
    ("Sales", ("Account Executive", "Sales Manager", "Head of Sales", "VP Sales")),
    (
        "Engineering",
        (
            "Software Engineer",
            "Senior Engineer",
            "Engineering Manager",
            "Director of Engineering",
            "CTO",
        ),
    ),
    ("Finance", ("Controller", "Finance Manager", "Finance Director", "CFO")),
    ("Product", ("Product Analyst", "Product Manager", "Head of Product", "Chief Product Officer")),
    ("People", ("HR Generalist", "HR Business Partner", "Head of People")),
    ("Success", ("Support Specialist", "Customer Success Manager", "Head of Customer Success")),
    ("Data", ("Data Analyst", "Data Scientist", "Head of Data")),
    ("Procurement", ("Buyer", "Procurement Manager", "Head of Procurement")),
)
ROLE_BOXES: tuple[str, ...] = (
    "info",
    "sales",
    "billing",
    "support",
    "office",
    "hello",
    "accounts",
    "purchasing",
)

# Answers to "how did you hear about us" that name nobody and are no word of mouth.
CHANNEL_ANSWERS: tuple[str, ...] = (
    "Google", "google search", "searched the web", "LinkedIn ad", "saw your ad", "newsletter", "your webinar",
    "trade fair booth", "a blog post", "internet", "cold call", "facebook post", "podcast ad", "review site", "n/a",
    "asdf", "various", "can't remember", "partner website", "not from a friend, saw your ad", "ChatGPT suggested you",
)  # fmt: skip
# Answers that say somebody told them, without saying who.
WORD_OF_MOUTH_ANSWERS: tuple[str, ...] = (
    "a friend told me", "word of mouth", "a colleague recommended you", "heard good things about you",
    "friend of mine uses it", "recommended by a peer", "My friend, over lunch", "coworker",
    "someone I know is a happy customer", "told by a former colleague", "an acquaintance swears by it",
)  # fmt: skip
# {first}, {last}, {name} and {company} of the person who told them.
NAMED_ANSWERS: tuple[str, ...] = (
    "{first} {last} at {company} told us about you",
    "{name} from {company}",
    "Referred by {name} ({company})",
    "{first} at {company} told us, then I googled you",
    "recommendation of {name}, {company}",
    "heard about it from {name} of {company}",
)
PRAISE: tuple[str, ...] = (
    "Could not work without it.", "Great support, quick answers", "love it", "Saved us weeks", "Solid product",
    "The team is wonderful", "10/10 would recommend",
)  # fmt: skip
COMPLAINTS: tuple[str, ...] = (
    "too slow", "Support never called back", "Missing exports <and imports>", "expensive for what it does",
    "The last update broke our reports", "confusing settings",
)  # fmt: skip
SHRUGS: tuple[str, ...] = (
    "it's ok",
    "does the job",
    "fine",
    "room for improvement",
    "good but pricey",
)
TICKET_SUBJECTS: tuple[str, ...] = (
    "Export hangs", "Cannot log in", "Invoice question", "How do I add a user?", "Sync stopped", "A wish: dark mode",
    "Report shows old figures", "Import failed at row 1,204", "API limits", "Please delete test data", "E-mail bounced",
)  # fmt: skip
PRODUCTS: tuple[str, ...] = (
    "Starter",
    "Team",
    "Business",
    "Platform",
    "Add-on",
    "Onboarding",
    "Training",
)
