import Crypto
import FoundationEssentials
package import Logging

/// Looks a password up among those known from breaches, without telling anyone which one.
///
/// The range API of Have I Been Pwned (<https://haveibeenpwned.com/API/v3#PwnedPasswords>): five
/// hexadecimal digits of the SHA-1 go out, some hundreds of suffixes come back, and the comparison
/// happens here. SHA-1 is what the API is made of; it protects nothing.
package struct BreachedPasswords {
  private let baseURL: String
  private let log: Logger

  package init(baseURL: String, log: Logger) {
    self.baseURL = baseURL
    self.log = log
  }

  /// True when the password is known; false also when nobody could be asked, which is logged.
  ///
  /// A person who registers must not wait for, nor be turned away by, a service that is down.
  func contains(_ password: Password) throws(Rejection) -> Bool {
    let hash = Hexadecimal.encode(Insecure.SHA1.hash(data: password.bytes)).uppercased()
    var request = TransferRequest(method: .get, url: "\(baseURL)/range/\(hash.prefix(5))")
    request.headers = [("Add-Padding", "true"), ("User-Agent", "countersign")]
    request.milliseconds = 2_000
    do {
      let response = try Transfer.perform(request)
      guard response.status == 200 else {
        log.warning("breached passwords not checked", metadata: ["status": "\(response.status)"])
        return false
      }
      let suffix = Array(hash.utf8.dropFirst(5))
      for line in response.body.split(whereSeparator: {
        $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
      }) {
        let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1)
        guard parts.count == 2,
          String(decoding: parts[0], as: UTF8.self).uppercased().utf8.elementsEqual(suffix)
        else {
          continue
        }
        // Padding lines have a count of nought.
        return (Int(String(decoding: parts[1], as: UTF8.self)) ?? 0) > 0
      }
      return false
    } catch {
      log.warning("breached passwords not checked", metadata: ["error": "\(error)"])
      return false
    }
  }
}
