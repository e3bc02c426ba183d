"""Short and pet forms of given names: tables per language, and how such forms are made where no table knows them."""

from collections.abc import Mapping

from mappings.caching import cached
from mappings.rules.text.folding import fold

# Per language: the full given name, then what people call it; own selection of widely used short
# forms.
NICKNAMES_BY_LANGUAGE: Mapping[str, str] = {
    "en": """
        abigail abby gail, abraham abe bram, adrian ade rian, agnes aggie, albert al bert bertie,
        alexander alex al sandy xander sasha lex, alexandra alex sandra sandy sasha lexi, alfred al alf
        alfie fred freddy, alice ali, alison ali allie, amanda mandy, amelia amy millie mia, andrew andy
        drew, angela angie, ann annie nan nancy, anthony tony ant, antonia toni, archibald archie,
        arnold arnie, arthur art artie, augustus gus, barbara barb babs, barnabas barney, bartholomew
        bart, beatrice bea trixie, benjamin ben benny benji, bernard bernie, beverly bev, bradley brad,
        brenda bren, calvin cal, cameron cam, carolyn carol carrie, caroline carol carrie caro,
        catherine cathy kate cat katie kitty kathy, cecilia cecily celia, charles charlie chuck chas,
        charlotte charlie lottie lotte, chester chet, christian chris, christine chris chrissy tina,
        christina chris tina chrissy, christopher chris kit topher, clarence clare, clifford cliff,
        clinton clint, constance connie, cornelius neil con, curtis curt, cynthia cindy, daniel dan
        danny, danielle dani, david dave davy, deborah deb debbie debby, dennis den denny, derrick rick,
        dominic dom nick, donald don donnie, dorothy dot dottie dolly, douglas doug, duncan dunc, edgar
        ed eddie, edith edie, edmund ed eddie ned, edward ed eddie ted ned teddy, edwin ed eddie win,
        eleanor ellie nell nora, elizabeth liz beth betty lizzie eliza betsy libby lisa elsie lizzy,
        emily em emmy, emma em, ernest ernie, esther essie, eugene gene, evelyn evie, ezekiel zeke,
        felicity fliss, florence flo flora, frances fran frankie francie, francis frank fran frankie, franklin
        frank, frederick fred freddy freddie, gabriel gabe, gabrielle gabby, geoffrey geoff jeff, george
        georgie, gerald gerry jerry, geraldine gerry, gertrude gert trudy, gilbert gil bert, gordon
        gord, grace gracie, gregory greg, gwendolyn gwen wendy, hannah anna, harold harry hal, harriet
        hattie harry, harriett hattie harry, helen nell nellie, henrietta etta hettie, henry hank harry
        hal, herbert herb bert, howard howie, hubert bert hugh, isaac ike zac, isabella bella izzy isa,
        isabel bella izzy, jacob jake, jacqueline jackie, james jim jimmy jamie jem, jane janie jenny,
        janet jan, jason jay, jeffrey jeff, jennifer jen jenny jenn, jeremiah jerry jem, jeremy jem
        jerry, jerome jerry, jessica jess jessie, joan joanie, joanna jo, john jack johnny jon, jonathan
        jon jonny nathan, joseph joe joey, josephine jo josie, joshua josh, joyce joy, judith judy jude,
        julia julie jules, julian jules, justin jus, katherine kate kathy katie kat kay kit, kathleen
        kathy kath, kathryn kate kathy katie kat, kenneth ken kenny, kevin kev, kimberly kim, kristin
        kris, kristina kris tina, kurtis kurt, laurence larry laurie, lawrence larry laurie, leonard len
        lenny leo, leopold leo, leslie les, lewis lew, lillian lily, linda lindy, louis lou louie,
        louise lou, lucille lucy, luke lucas, lydia lyddie, madeline maddy, madeleine maddy, magdalena
        lena magda, malcolm mal, margaret maggie meg peggy greta rita marge daisy, marjorie marge,
        martha marty patty, martin marty, mary molly polly mamie, matilda tilly mattie, matthew matt
        mat, maureen mo, maurice mo, maximilian max, maxwell max, megan meg, melanie mel, melissa mel
        missy, melvin mel, mervyn merv, michael mike mick mickey micky, michelle shelly, mildred millie,
        mitchell mitch, mohammed mo, monica mona, montgomery monty, morris mo, nathan nate nat,
        nathaniel nat nate nathan, natalie nat, nicholas nick nicky nico, nicole nicky nikki, norman
        norm, oliver ollie, olivia liv livvy, oscar oz, oswald ozzy, pamela pam, patricia pat patty
        tricia trish, patrick pat paddy, penelope penny, peter pete, philip phil pip, phillip phil pip,
        priscilla cilla, rachel rae, randall randy, raymond ray, rebecca becky becca, reginald reg
        reggie, richard dick rick rich ricky richie, robert bob rob bobby robbie bert, roberta bobbie,
        roderick rod, rodney rod, roger rog, roland rollie, ronald ron ronnie, rosemary rose rosie,
        rosalind roz, rudolph rudy, rupert rup, russell russ, samantha sam sammy, samuel sam sammy,
        sarah sally sadie, sebastian seb bastian, sharon shari, sheldon shelly, sidney sid, simon si,
        solomon sol, sophia sophie, spencer spence, stanley stan, stephanie steph, stephen steve steph
        stevie, steven steve stevie, stuart stu, susan sue susie suzy, susanna sue susie, suzanne sue
        suzie, sylvester sly, sylvia syl, tabitha tabby, tamara tammy, terence terry, terrence terry,
        teresa terry tess, theodore ted theo teddy, theresa terry tess tessa, thomas tom tommy, timothy
        tim timmy, tobias toby, valerie val, vanessa nessa, veronica ronnie vera, victor vic, victoria
        vicky tori vic, vincent vin vince vinny, virginia ginny, vivian viv, walter walt wally, wilfred
        wilf fred, wilhelmina mina wilma, william bill will billy liam willie, winifred winnie freda,
        winston win, yvonne eve, zachary zach zac zack, zoe zo
        , adelaide addie ada della, adeline addie lina, adrienne addie, andrea andi andie drea, annabelle
        anna belle, arabella bella, ashley ash, augusta gussie, barnaby barney, bethany beth, bridget
        bridie, candace candy, cassandra cass cassie sandra, catherine kay, christina christy, christine
        christy, clementine clem, clifton cliff, damian damo, darren daz, derek del, desmond des, diana
        di, diane di, donald donny, elias eli, elijah eli, emanuel manny, emmanuel manny, eugenia genie,
        frederica freddie, gareth gaz gary, garrett gary, genevieve gen ginny, gillian gill jill, harrison
        harry hap, ignatius iggy, isidore izzy, jackson jack, janice jan, jasmine jas, jeanette jean
        nettie, jerald jerry, jeremy jezza, jillian jill, jocelyn joss, john jock, jordan jordy, josiah
        joe, juanita nita, katherine kay, kathryn kay, kelvin kel, kendall ken, kirsten kirsty, kristen
        kris kristy, kristin kristy, kristine kris kristy, lauren laurie ren, leonora nora, leroy roy,
        letitia letty tish, lindsay linds, lionel leo, lorraine lori, lucas luke, lucinda lucy cindy,
        manuel manny, marcus marc mark, marvin marv, meredith merry, milton milt, miranda randy mandy,
        monica monnie mona, morton mort, moses moe mo, percival percy, philippa pippa pip, raphael rafe,
        regina gina, roxanne roxy, sharon sha, shirley shirl, thaddeus thad tad, theodora dora theo,
        tiffany tiff, trevor trev, vernon vern, wallace wally, wesley wes, wilson will, woodrow woody,
        zachariah zach
    """,
    "de": """
        alfons alf, andreas andi andy, anna anni, annegret anne, benedikt bene, bernhard bernd, dietrich
        dieter, elisabeth elli lisa sissi lisbeth, ferdinand ferdi, florian flo, franziska franzi,
        friedrich fritz friedl, georg schorsch, gerhard gerd, gottfried friedel, hans hansi, heinrich
        heinz heiner, jakob jockel, johann hans hannes, johannes hans hannes jo, josef sepp jupp,
        joachim achim jochen, karl kalle, katharina kathi katja käthe, konrad kurt, klaus klausi,
        leonhard leo, ludwig lutz, manfred manni, margarete grete gretel, matthias matze hias,
        maximilian max, michael michi, nikolaus klaus niko, reinhard reini, rudolf rudi, sebastian
        basti, siegfried sigi, stefan steffen, theresia resi, ulrich uli ulli, ursula uschi, waltraud
        traudl, wilhelm willi, wolfgang wolf wolfi
    """,
    "fr": """
        alexandre alex, antoine toni, benoit ben, dominique dom, elisabeth babette lise, emmanuel manu,
        francois fran, frederic fred, guillaume guigui, jacqueline jacquie, jean jeannot, joseph jo,
        laurent lolo, marguerite margot, mathieu mat, nicolas nico, olivier oli, pascal pas, philippe
        phil, sebastien seb, stephane steph, thierry titi, veronique vero, vincent vince, xavier xav
    """,
    "es": """
        alberto beto, alejandro alex ale jandro, antonio tono toni, carlos charly, concepcion concha
        conchita, cristina cris, dolores lola, eduardo edu lalo, enrique quique kike, federico fede,
        fernando fer nando, francisco paco pancho fran curro, gabriel gabi, guadalupe lupe, guillermo
        memo guille, gustavo gus, ignacio nacho, isabel isa chabela, javier javi, jesus chus chuy, jose
        pepe, jorge coque, juan juanito, leticia leti, luis lucho, manuel manolo manu, maria mari,
        mercedes merche, miguel migue, pedro perico, pilar pili, rafael rafa, ricardo richi, roberto
        beto, rosario charo, salvador salva, santiago santi, sergio checo, teresa tere, vicente chente
    """,
    "pt": """
        antonio toninho, carlos caca, eduardo edu dudu, fernando nando, francisco chico, gabriel gabi,
        guilherme gui, gustavo guga, joao joaozinho, jose ze, leonardo leo, luiz lula, marcelo celo,
        rafael rafa, ricardo rico, rodrigo digo
    """,
    "it": """
        alessandro sandro ale, antonio tonio nino, domenico mimmo, elisabetta betta, francesco checco
        franco, giovanni gianni, giuseppe beppe pino, lorenzo renzo, luigi gigi, salvatore toto,
        vincenzo enzo
    """,
    "sv": """
        anders ante, fredrik fredde, johan jojje, karl kalle, lars lasse, nils nisse, per pelle, stefan
        steffe, ulrik uffe
    """,
    "pl": """
        aleksander alek olek, aleksandra ola, agnieszka aga, barbara basia, bartosz bartek, grzegorz
        grzesiek, jakub kuba, jan janek, jerzy jurek, katarzyna kasia, krzysztof krzysiek, magdalena
        magda, małgorzata gosia, michał michal, piotr piotrek, stanisław staszek, tomasz tomek, wojciech
        wojtek, zbigniew zbyszek
    """,
    "ru": """
        aleksandr sasha, aleksei alyosha lyosha, anastasia nastya, anatoly tolya, dmitri dima mitya,
        dmitry dima mitya, ekaterina katya, evgeny zhenya, ivan vanya, konstantin kostya, mikhail misha,
        natalia natasha, nikolai kolya, olga olya, pavel pasha, sergei seryozha, sergey seryozha,
        svetlana sveta, tatiana tanya, vladimir volodya vova, vyacheslav slava, yuri yura
    """,
    "nl": """
        adrianus ad, cornelis kees cor, gerardus gerard, hendrik henk, jacobus jaap, johannes jan johan,
        wilhelmus wim, willem wim
    """,
}

_SHORTEST = 3
"""Letters that a shortened name must keep to be told from chance."""

_ENDINGS = ("ie", "ey", "y", "i")


def _families() -> dict[str, frozenset[str]]:
    families: dict[str, set[str]] = {}
    for table in NICKNAMES_BY_LANGUAGE.values():
        for line in table.split(","):
            full, *short = fold(line).split()
            for name in (full, *short):
                families.setdefault(name, set()).add(full)
    return {name: frozenset(fulls) for name, fulls in families.items()}


_FAMILIES = _families()


@cached(1 << 14)
def given_forms(name: str) -> frozenset[str]:
    """The full given names that *name* may stand for, itself included; Eddy is looked up as Eddie too."""
    found = _FAMILIES.get(name, frozenset()) | {name}
    for one, other in (("y", "ie"), ("ie", "y"), ("i", "y"), ("i", "ie")):
        if name.endswith(one):
            found |= _FAMILIES.get(name.removesuffix(one) + other, frozenset())
    return found


def is_nickname(a: str, b: str) -> bool:
    """Whether two different folded given names can be one person's, by the tables."""
    return a != b and bool(given_forms(a) & given_forms(b))


def is_short(a: str, b: str) -> bool:
    """Whether one given name is the other's beginning, with or without a pet ending: Wen, Jenni, Ronny."""
    return a != b and a[:_SHORTEST] == b[:_SHORTEST] and (_begins(a, b) or _begins(b, a))


def _begins(short: str, full: str) -> bool:
    if len(short) >= _SHORTEST and full.startswith(short):
        return True
    stem = next((short.removesuffix(end) for end in _ENDINGS if short.endswith(end)), "")
    if len(stem) > 1 and stem[-1] == stem[-2]:
        stem = stem[:-1]
    return len(stem) >= _SHORTEST and full.startswith(stem)
