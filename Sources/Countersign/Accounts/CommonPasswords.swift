/// The passwords that attackers try first, recognised by how people make them.
///
/// Lists of leaked passwords are, nearly all of them, a common word with digits or signs at its
/// ends, letters swapped for look-alikes, a run along the keyboard, or a repeated piece. Looking
/// for those shapes finds every spelling, where a list would hold only the spellings that leaked.
enum CommonPasswords {
  /// True when a lower-case password is one that is guessed early.
  static func contains(_ text: String) -> Bool {
    if isRepetitive(text) || isRun(text) { return true }
    for core in [trimmed(text), plain(trimmed(text)), trimmed(plain(text))] {
      if core.isEmpty && text.count < 12 || words.contains(core) || isRun(core)
        || isRepetitive(core)
      {
        return true
      }
      if isTwoWords(core) { return true }
    }
    return false
  }

  /// The text without the digits and signs around it: `!!monkey1987` becomes `monkey`.
  private static func trimmed(_ text: String) -> String {
    let core = text.drop { !$0.isLetter }
    guard let last = core.lastIndex(where: \.isLetter) else { return "" }
    return String(core[...last])
  }

  /// The text with look-alikes turned back into letters.
  private static func plain(_ text: String) -> String {
    let letters: [Character: Character] = [
      "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s",
      "!": "i", "|": "l",
    ]
    return String(text.map { letters[$0] ?? $0 })
  }

  /// At most four different characters, or one piece again and again: `aabbaabb`, `abcabcabc`.
  private static func isRepetitive(_ text: String) -> Bool {
    let characters = Array(text)
    if Set(characters).count <= 3 { return true }
    for length in 1...max(1, characters.count / 2)
    where characters.count % length == 0 && length < characters.count {
      if (length..<characters.count).allSatisfy({ characters[$0] == characters[$0 - length] }) {
        return true
      }
    }
    return false
  }

  /// A walk along the alphabet, the digits, or a row of keys, in either direction, or several such
  /// walks.
  private static func isRun(_ text: String) -> Bool {
    let characters = Array(text)
    guard characters.count >= 4 else { return false }
    var position = 0
    while position < characters.count {
      var length = 0
      for row in rows {
        let limit = characters.count - position
        for size in stride(from: min(limit, row.count), to: max(length, 2), by: -1)
        where row.contains(String(characters[position..<position + size])) {
          length = size
          break
        }
      }
      guard length >= 3 else { return false }
      position += length
    }
    return true
  }

  private static let rows: [String] = {
    let forward = [
      "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm",
      "qwertzuiop", "azertyuiop",
      "qazwsxedcrfvtgbyhnujm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p",
      "q1w2e3r4t5y6u7i8o9p0",
      "!@#$%^&*()", "zaq12wsxcde3", "147258369", "789456123", "741852963",
    ]
    return forward + forward.map { String($0.reversed()) }
  }()

  private static func isTwoWords(_ text: String) -> Bool {
    guard text.utf8.count >= 6, text.utf8.count <= 20 else { return false }
    for split in text.indices.dropFirst(2) where words.contains(String(text[..<split])) {
      var rest = text[split...]
      while let first = rest.first, !first.isLetter { rest.removeFirst() }
      if words.contains(String(rest)) { return true }
    }
    return false
  }

  private static let words: Set<String> = Set(
    """
    password passwort passw0rd passwd pass pwd parola contrasena motdepasse senha wachtwoord heslo haslo admin administrator \
    root toor user username guest login logon signin welcome letmein letmein openup access enter master secret private \
    changeme change default temp temporary test testing tester demo sample example hello hallo hola bonjour goodbye \
    iloveyou iloveu loveyou loveme lovely lover love babe baby babygirl babyboy sweetheart sweetie sweet honey darling \
    princess prince queen king angel angels devil jesus jesuschrist christ god lord heaven blessed faith hope grace \
    monkey dragon tiger lion eagle falcon wolf bear shark panther cobra snake horse pony kitty kitten cat cats dog dogs \
    doggy puppy bunny rabbit chicken duck fish dolphin butterfly bird spider turtle elephant mustang bronco stallion \
    football fussball soccer baseball basketball hockey golf tennis rugby cricket boxing wrestling volleyball swimming \
    skating surfing snowboard liverpool arsenal chelsea manchester barcelona realmadrid juventus bayern yankees lakers \
    cowboys steelers packers raiders patriots eagles bulls celtics rangers redsox giants superman batman spiderman \
    ironman hulk wolverine joker pokemon pikachu naruto mario zelda minecraft fortnite roblox starwars skywalker vader \
    matrix hobbit gandalf frodo potter harrypotter hermione simpsons homer bart garfield snoopy mickey minnie donald \
    disney tinkerbell barbie shadow hunter ranger trooper soldier sniper killer assassin ninja samurai warrior knight \
    wizard magic merlin phoenix thunder lightning storm fire ice snow snowball winter spring summer autumn fall sunshine \
    sunny sunset sunrise rainbow flower flowers rose roses daisy lily jasmine violet orange apple banana cherry peach \
    strawberry lemon cookie cookies chocolate candy sugar cheese pizza burger coffee pepper ginger butter buttercup \
    peanut pumpkin muffin cupcake computer internet windows microsoft google apple android iphone samsung nokia sony \
    dell linux ubuntu oracle cisco network server database mysql system security hacker matrix abc abcd abcdef qwe asd \
    zxc qwerty qwertz azerty asdf zxcv michael jennifer jordan jordan23 michelle jessica ashley amanda nicole daniel \
    andrew joshua matthew anthony robert thomas charlie william george harry james jack john johnny david richard \
    christopher christian alexander alexandra alex maria anna samantha sarah laura melissa stephanie patricia elizabeth \
    victoria natasha nathan tyler taylor justin brandon austin dallas houston chicago boston newyork london paris berlin \
    madrid tokyo america canada mexico brasil germany france england ireland scotland russia china india pakistan \
    freedom liberty justice peace forever friends friend family mother father mommy daddy mom dad brother sister money \
    dollar cash rich lucky lucky7 player gamer winner loser looser champion legend hero star stars superstar rockstar \
    rock metal metallica nirvana slipknot beatles elvis music guitar piano dance dancer party crazy cool awesome amazing \
    beautiful pretty sexy sexyback hot hottie bitch fuck fucker fuckyou fuckme fuckoff shit asshole pussy penis dick \
    whatever nothing something anything everything blink blink182 trustno trustno1 nevermind please thankyou thanks \
    ferrari porsche mercedes bmw audi toyota honda yamaha suzuki kawasaki ducati harley corvette camaro chevy ford \
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august \
    september october november december purple yellow green blue black white red silver golden gold diamond crystal \
    platinum pearl ruby emerald midnight moonlight moon sun earth mars venus jupiter saturn galaxy universe cosmos \
    company business office work worker manager boss support service account bank banking finance payment wallet
    """.split(separator: " ").map(String.init))
}
