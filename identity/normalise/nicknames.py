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
alan: al
albert: bert
alejandro: jandro
alexander: alex alec sasha xander
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
helen: nell nellie
henry: hank harry
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
kimberly: kim kimmy
laurence: larry lawrence laurie
leonard: len lenny leo
louis: lou louie
manuel: manolo manny
margaret: maggie meg peggy peggie marge margie peg greta madge
maria: mari
mary: molly polly
matthew: matt matty
mercedes: meche
michael: mike mick mickey mikey micheal
michelle: shelly
mildred: millie
nathaniel: nate nathan nat
nicholas: nick nicky nicolas
olivia: liv
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
susan: sue suzy susie suzanne
terence: terry terrance terrence
theodore: theo
theresa: teresa tess terri
thomas: tom tommy
timothy: tim timmy
vicente: chente
victoria: vicky tori vicki
vincent: vince vinny
virginia: ginny
walter: walt wally
william: bill billy will willie liam willy
zachary: zach zack zac
"""
# Names of their own that the library calls short forms.
_FORMAL = word_set(
    "adam alice amy ana ann anna anne brian carlos carmen claire emily emma eric george grace ivan jane "
    "jason jean joan "
    "juan karen kevin laura linda lisa luis maria mark martin mary nancy oscar paul rosa ruth scott sean sharon"
)


@lru_cache(maxsize=1)
def representatives() -> dict[str, str]:
    """Short form → representative, for every name that is not its own."""
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
