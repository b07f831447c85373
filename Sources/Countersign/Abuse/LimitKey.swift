/// What is limited: a name of the limit, and whose it is.
///
/// Only a keyed hash of it is stored, so that the table names no person.
package enum LimitKey: Sendable {
  /// Codes to one number, from everywhere.
  case sendsTo(PhoneNumber)
  /// Codes to one number asked for by callers who have proven no password.
  case anonymousSendsTo(PhoneNumber)
  /// Codes asked for from one address.
  case sendsFrom(address: String)
  /// Codes of one account, to whatever number.
  case sendsOf(Account.ID)
  /// The host's own texts to one number.
  case textsTo(PhoneNumber)
  /// One use of a solved puzzle.
  case proof([UInt8])
  /// Failed logins of one account, known or not.
  case loginFailures(emailKey: String)
  case loginFailuresFrom(address: String)
  /// Failed logins from a device that its owner had remembered.
  case loginFailuresOn(device: RememberedDevice.ID)
  /// Failed logins of one account from an address in a network in which its owner uses it; nil for
  /// all such addresses together.
  case familiarLoginFailures(Account.ID, address: String?)
  /// Wrong passwords of somebody who is signed in.
  case passwordFailures(Account.ID)
  /// Accounts whose second factor was tried with a wrong code.
  case failingAccounts
  /// Accounts, known or not, whose password was tried with a wrong one.
  case failingLogins
  /// Whole numbers that an administrator looks at.
  case reveals(Account.ID)
  /// What an administrator looks at.
  case looks(Account.ID)

  var fields: [String] {
    switch self {
    case .sendsTo(let number): ["sends-to", number.e164]
    case .anonymousSendsTo(let number): ["anonymous-sends-to", number.e164]
    case .sendsFrom(let address): ["sends-from", NetworkAddress.limitUnit(address)]
    case .sendsOf(let account): ["sends-of", account.description]
    case .textsTo(let number): ["texts-to", number.e164]
    case .proof(let id): ["proof", Hexadecimal.encode(id)]
    case .loginFailures(let emailKey): ["login-failures", emailKey]
    case .loginFailuresFrom(let address):
      ["login-failures-from", NetworkAddress.limitUnit(address)]
    case .loginFailuresOn(let device): ["login-failures-on", device.description]
    case .familiarLoginFailures(let account, let address):
      [
        "familiar-login-failures", account.description,
        address.map(NetworkAddress.limitUnit) ?? "all",
      ]
    case .passwordFailures(let account): ["password-failures", account.description]
    case .failingAccounts: ["failing-accounts"]
    case .failingLogins: ["failing-logins"]
    case .reveals(let account): ["reveals", account.description]
    case .looks(let account): ["looks", account.description]
    }
  }

  /// The limit's name, for the log and for metrics; nobody's number, address, or account.
  var name: String { fields[0] }
}
