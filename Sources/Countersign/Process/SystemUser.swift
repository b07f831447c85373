import Glibc

/// Who runs this process.
enum SystemUser {
  /// As the machine knows them; the number where it has no name.
  static var name: String {
    guard let entry = unsafe getpwuid(getuid()), let name = unsafe entry.pointee.pw_name else {
      return "\(getuid())"
    }
    return unsafe String(cString: name)
  }
}
