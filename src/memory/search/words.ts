const list = (words: string): string[] => words.trim().split(/\s+/);

/**
 * English words that carry no meaning of their own: no memory is found by them. Other languages need no list: the words that a
 * user's memories are full of weigh little by themselves.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  list(`
    a about above after again all am an and any anything are arent as at be because been before being below between
    both but by can cant could couldnt did didnt do does doesnt doing dont during each either else ever everything few
    for from further get gets got had hadnt has hasnt have havent having he her here hers herself him himself his how
    i if in into is isnt it its itself just know let lets may me might mine more most much must my myself neither no
    nor not of off on once only or other ought our ours ourselves out over own please remember same shall she should
    shouldnt so some something such tell than that the their theirs them themselves then there these they this those
    through to too under until up upon us very was wasnt we were werent what whatever when where which while who whom
    whose why will with wont would wouldnt yes you your yours yourself
  `),
);

/** Stop words that are names when they begin with a capital. */
export const NAMES: ReadonlySet<string> = new Set(["Will", "May"]);

/** Irregular forms and what they are found by; regular ones are the stemmer's. */
export const BASE_FORMS: ReadonlyMap<string, string> = new Map(
  list(`
    ate:eat eaten:eat became:become began:begin begun:begin bought:buy brought:bring built:build came:come caught:catch
    chose:choose chosen:choose cost:cost did:do done:do drank:drink drunk:drink drew:draw drawn:draw drove:drive
    driven:drive fell:fall fallen:fall felt:feel fought:fight flew:fly flown:fly forgot:forget forgotten:forget found:find
    froze:freeze frozen:freeze gave:give given:give gone:go went:go goes:go got:get gotten:get grew:grow grown:grow
    held:hold hid:hide hidden:hide heard:hear kept:keep knew:know known:know laid:lay led:lead left:leave lent:lend
    lost:lose made:make meant:mean met:meet paid:pay ran:run rang:ring rode:ride ridden:ride rose:rise risen:rise
    said:say sang:sing sung:sing sat:sit saw:see seen:see sent:send shook:shake shown:show slept:sleep sold:sell
    spent:spend spoke:speak spoken:speak stole:steal stolen:steal stood:stand stuck:stick swam:swim swum:swim took:take
    taken:take taught:teach thought:think threw:throw thrown:throw told:tell understood:understand woke:wake woken:wake
    won:win wore:wear worn:wear wrote:write written:write children:child men:man women:woman feet:foot teeth:tooth
    mice:mouse geese:goose wives:wife knives:knife better:good best:good worse:bad worst:bad
  `).map((pair) => pair.split(":") as [string, string]),
);

/**
 * Other terms that a term of a query may stand as: `lives` is mostly said of where somebody lives, but is the plural of `life`
 * too, which databases of earlier versions always hold for it.
 */
export const OTHER_FORMS: ReadonlyMap<string, string> = new Map([["live", "life"]]);

/** Words of a memory that tell a time, as `tokenize` gives them; wanted by questions that ask when. */
export const TIME_TERMS: ReadonlySet<string> = new Set(
  list(`
    ago last next yesterdai todai tonight tomorrow recent morn afternoon even night week weekend month year dai hour
    mondai tuesdai wednesdai thursdai fridai saturdai sundai januari februari march april mai june juli august septemb
    octob novemb decemb spring summer autumn winter annivers birthdai
  `),
);

/** Words of a question that ask for a time. */
export const ASKS_FOR_TIME = /\b(?:when|what (?:time|date|day|month|year)|which (?:date|day|month|year)|how long)\b/i;
