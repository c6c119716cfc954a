"""English and Spanish given names and their short forms: one representative for each.

The groups come from the PyPI library `nicknames`, whose nicknames belong to several names each: joining everything
that is connected would make one group of hundreds of names. So each name goes to exactly one other: by the list
below where usage is clear, otherwise to the formal name with the most short forms. Names that are mostly given as
such stay themselves.
"""

from __future__ import annotations

from functools import lru_cache

from identity.normalise.text import word_set

# representative: its short forms. These win over the library.
_OWN = """
abdullah: abdallah abdulla abdoullah
ahmad: ahmed ahmet
aisha: ayesha aysha aicha
alan: al
albert: bert
alejandro: jandro
alexander: alex alec sasha xander aleksandr aleksander alexandr alyaksandr aliaksandr oleksandr
alexandra: alexa lexi
alfonso: poncho
alfred: alf alfie
ana: anita
andrew: andy drew
anthony: tony antony
antonio: tono tonio
arthur: art artie
barbara: barb babs barbie
beatriz: bea
benjamin: ben benny bennie benjy
beverly: bev
bradley: brad
carolyn: carol
catherine: cathy katherine kathryn kathy kate katie kat kitty cath cathryn katharine kay
charles: charlie chuck chas charley
christina: tina christine chrissy kristina kristine
christopher: chris kit topher kristopher
consuelo: chelo
cynthia: cindy
daniel: dan danny
david: dave davey
deborah: deb debbie debra
diana: di
dolores: lola
donald: don donnie donny
dorothy: dot dottie dolly
douglas: doug
eduardo: lalo
edward: ed eddie ted teddy ned eddy
elizabeth: liz lizzie beth betty eliza betsy lizzy libby bess lisbeth elisabeth
enrique: quique kike
faisal: faysal feisal faysel
fatima: fatimah fatma fatema
fernando: nando
francisco: paco pancho curro kiko
franklin: frank
frederick: fred freddie freddy fredrick
gabriela: gaby gabi
gerald: gerry jerry
gregory: greg gregg
guadalupe: lupe lupita
guillermo: memo
harold: hal
hasan: hassan
helen: nell nellie
henry: hank harry
hussein: husayn hussain husain husein hossein hossain
ibrahim: ebrahim ibraheem
ignacio: nacho
jacob: jake
jacqueline: jackie
james: jim jimmy jamie jimmie
janet: jan
jeffrey: jeff geoffrey geoff jeffery
jennifer: jen jenny jenn jennie
jessica: jess jessie
jesus: chuy chucho
john: jack johnny jon johnnie
jonathan: jonny
jose: pepe
josefina: pepa
joseph: joe joey
joshua: josh
judith: judy judi
kenneth: ken kenny
khalid: khaled
kimberly: kim kimmy
laurence: larry lawrence laurie
layla: leila laila leyla
leonard: len lenny leo
louis: lou louie
mahmoud: mahmud mahmood
manuel: manolo manny
margaret: maggie meg peggy peggie marge margie peg greta madge
maria: mari
mary: molly polly marie
maryam: mariam mariyam
matthew: matt matty
mercedes: meche
michael: mike mick mickey mikey micheal
michelle: shelly
mildred: millie
muhammad: mohammed mohammad mohamed mohamad muhammed muhamad muhamed mohamud mohd muhd mhd md
mustafa: mostafa moustafa
nathaniel: nate nathan nat
nicholas: nick nicky nicolas
olivia: liv
omar: umar
osama: usama
pamela: pam
patricia: pat patty tricia trish patti paty
patrick: paddy
peter: pete
philip: phil phillip
rafael: rafa
raymond: ray
rebecca: becky becca
ricardo: rico
richard: dick rick ricky rich richie
robert: bob bobby rob robbie bobbie robby
roberto: beto
ronald: ron ronnie
rosario: charo
salvador: chava
samantha: sammie
samuel: sam sammy
sandra: sandy
sarah: sara sally
stephanie: steph
stephen: steve steven stevie
sulaiman: suleiman sulayman suleyman soliman
susan: sue suzy susie suzanne
terence: terry terrance terrence
theodore: theo
theresa: teresa tess terri
thomas: tom tommy
timothy: tim timmy
uthman: othman osman usman
vicente: chente
victoria: vicky tori vicki
vincent: vince vinny
virginia: ginny
walter: walt wally
william: bill billy will willie liam willy
yusuf: yousef youssef yusef yousuf
zachary: zach zack zac
zainab: zaynab zeinab zeynab
"""
# Names of their own that the library calls short forms.
_FORMAL = word_set(
    "adam alice amy ana ann anna anne brian carlos carmen claire emily emma eric george grace ivan jane "
    "jason jean joan "
    "juan karen kevin laura linda lisa luis maria mark martin mary nancy oscar paul rosa ruth scott sean sharon"
)
# Names that the library does not list, of the languages of Western Europe and the Americas and of their records.
_MORE = word_set(
    "aaron adriana aidan aisha alana alfredo alice alicia alina alison amelia amira andrea andres angela angelica "
    "anja annabel annabella annabelle annalisa anneke annette anton antonia armando arturo astrid axel beatrice "
    "bella bianca birgit bjorn brenda brigitte bruno camila carla carlo carolina cecilia cesar charlene chloe "
    "claudia clara claus cristian cristina dagmar damian daniela daria dario darla dean diego dieter dietmar "
    "dominik edith eduard elena elias elisa elke eloise elsa elvira emil emilia emilio enzo erik erika ernesto "
    "ernst esteban ester esther eva evelyn fabian fabio fatima federico felipe felix fiona flavia flora florian "
    "francesca francesco francis francois freya frida friedrich gabriel gail georgia gerard gerda gianna gilbert "
    "gina giorgia giovanni gisela giulia gloria gonzalo greta guido gustav hanna hans harriet hector heidi heike "
    "heinz helena helga henri hugo hussein ian ibrahim igor ines ingrid irene iris isabel isabella isla ivan "
    "jaime jana janine jasmin javier jens joan joanna jochen jorge josefa judit julia julian juliana julie julio "
    "jurgen karin karina karl karla kerstin klara klaus kristin lara lars laurent lea leila lena leon leonie "
    "leticia lidia liliana lina lorena lorenzo lothar luca lucas lucia luciana lucie luigi luis luisa lukas lydia "
    "magdalena maja manfred manuela marcel marcela marco marcos margarita mariana mariano maribel marina mario "
    "marisol marta martina massimo mateo mathilde matteo mattias maurice mauricio max mia miguel milena mohamed "
    "monica monika natalia natalie nicola nina noah noemi nora norma octavio oliver olga omar otto pablo paola "
    "paolo pascal paula paulina pedro penelope petra philippe pierre pilar rafaela ralf ramon raquel raul rebeca "
    "regina renata renate rene rita roberta rocio rodrigo rolf roman rosana rosemarie sabine sabrina sandro "
    "santiago sara sebastian sergio silke silvia simon simone sofia sonia sonja stefan stefania stefanie susana "
    "susanne sven sylvia tamara tanja tatiana thea tobias tomas torsten ulrich ulrike ursula uwe valentina "
    "valeria vanessa vera veronica viktor viktoria viola viviana werner wolfgang xavier ximena yasmin yolanda "
    "yvonne zara zoe "
)


@lru_cache(maxsize=1)
def representatives() -> dict[str, str]:
    """Short form or other spelling → representative, for every name that is not its own."""
    ends = _short_forms()
    spelt = {_other_c(name): name for name in sorted(_known()) if _other_c(name) not in (_known() | {name})}
    return {form: ends.get(name, name) for form, name in spelt.items() if form not in ends} | ends


def _other_c(name: str) -> str:
    """`kandace` for `candace` and the reverse; other names as they are."""
    if name[0] in "ck" and name[1:2] in tuple("aourl"):
        return ("k" if name[0] == "c" else "c") + name[1:]
    return name


@lru_cache(maxsize=1)
def _short_forms() -> dict[str, str]:
    from nicknames import NickNamer

    library = NickNamer()
    forms = {name: len(nicks) for name, nicks in library.nickname_lookup.items()}
    target: dict[str, str] = {}
    for nick, formal in sorted(library.canonical_lookup.items()):
        best = min(formal, key=lambda name: (-forms.get(name, 0), name))
        if nick not in _FORMAL and forms.get(best, 0) > forms.get(nick, 0):
            target[nick] = best
    for line in _OWN.strip().splitlines():
        name, _, nicks = line.partition(": ")
        target.pop(name, None)
        target.update(dict.fromkeys(nicks.split(), name))
    # Follow chains (peggie → peggy → margaret); the counts fall along each
    # and the own list ends each, so there is no cycle.
    ends: dict[str, str] = {}
    for name in target:
        end, seen = name, {name}
        while end in target and target[end] not in seen:
            end = target[end]
            seen.add(end)
        ends[name] = end
    return ends


def canonical_given(given: str) -> str:
    """Representative of a given name in ASCII lower case; of the first token where the whole has none."""
    ends = representatives()
    if given in ends:
        return ends[given]
    first = given.partition(" ")[0]
    return ends.get(first, first)


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    from nicknames import NickNamer

    library = NickNamer()
    return frozenset({*library.nickname_lookup, *library.canonical_lookup, *_short_forms().values(), *_FORMAL, *_MORE})


@lru_cache(maxsize=1)
def form_initials() -> dict[str, str]:
    """Representative → the initials of all its forms, where they differ: robert → `br`, by Bob."""
    initials: dict[str, set[str]] = {}
    for form, name in _short_forms().items():
        initials.setdefault(name, {name[0]}).add(form[0])
    return {name: "".join(sorted(letters)) for name, letters in sorted(initials.items()) if len(letters) > 1}


def known_given() -> frozenset[str]:
    """Western given names and short forms in ASCII lower case: two of them that differ are two names, not a slip."""
    return _known()


def is_given(word: str) -> bool:
    """Whether an ASCII lower-case word is a known Western given name or short form."""
    return word in _known()
