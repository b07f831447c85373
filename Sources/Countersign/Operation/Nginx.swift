import FoundationEssentials
import Glibc

/// The web server in front: a copy of the configuration in `nginx/`, with the paths and ports of
/// one state directory.
package struct Nginx {
  package let process: ChildProcess

  package init(
    _ installation: Installation, _ state: StateDirectory, port: Int, sandboxPort: Int?,
    publicHost: String, adminAddresses: [String]
  ) throws {
    let source = "\(installation.root)/nginx"
    let isRoot = getuid() == 0
    var names = ["127.0.0.1", "localhost"]
    if !names.contains(publicHost) { names.append(publicHost) }
    func render(_ name: String, to target: String) throws {
      guard var text = try? String(contentsOfFile: "\(source)/\(name)", encoding: .utf8) else {
        throw OperatorError("\(source)/\(name) cannot be read.")
      }
      // As root the workers stay root: the sockets belong to whoever runs `up`, and are open to
      // nobody else.
      for (canonical, own) in [
        ("user www-data;\n", isRoot ? "user root;\n" : ""),
        ("pid /run/countersign/nginx.pid;", "pid \(state.run)/nginx-own.pid;"),
        ("/usr/share/countersign/nginx", state.nginx),
        ("/usr/share/countersign/html", "\(source)/html"),
        ("/usr/share/countersign/openapi.yaml", "\(installation.root)/openapi.yaml"),
        ("/run/countersign", state.run),
        ("/var/log/countersign", state.logs),
        ("/var/lib/countersign", "\(state.nginx)/temp"),
        ("127.0.0.1:8080", "127.0.0.1:\(port)"),
        ("127.0.0.1:8025", "127.0.0.1:\(sandboxPort ?? 8025)"),
        ("server_name 127.0.0.1 localhost;", "server_name \(names.joined(separator: " "));"),
        // The limit is inherited from `up`, which has raised it as far as it may.
        ("worker_rlimit_nofile 65536;\n", ""),
      ] {
        text = text.split(separator: canonical, omittingEmptySubsequences: false).joined(
          separator: own)
      }
      do {
        try Data(text.utf8).write(to: URL(filePath: "\(state.nginx)/\(target)"))
      } catch {
        throw OperatorError("\(state.nginx)/\(target) cannot be written.")
      }
    }
    for directory in ["responders", "enabled/locations"] {
      try FileManager.default.createDirectory(
        atPath: "\(state.nginx)/\(directory)", withIntermediateDirectories: true)
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: source)
    where name.hasSuffix(".conf") {
      if !name.hasPrefix("sandbox") { try render(name, to: name) }
    }
    if !adminAddresses.isEmpty {
      let lines = adminAddresses.map { "allow \($0);\n" } + ["deny all;\n"]
      try Data(lines.joined().utf8).write(to: URL(filePath: "\(state.nginx)/admin-addresses.conf"))
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(source)/responders") {
      try render("responders/\(name)", to: "responders/\(name)")
    }
    for (name, target) in [
      ("sandbox.conf", "enabled/sandbox.conf"),
      ("sandbox-bank.conf", "enabled/locations/sandbox-bank.conf"),
    ] {
      unsafe unlink("\(state.nginx)/\(target)")
      if sandboxPort != nil { try render(name, to: target) }
    }
    process = ChildProcess(
      "nginx", try Installation.find("nginx"),
      ["-c", "\(state.nginx)/nginx.conf", "-e", "\(state.logs)/nginx.log", "-g", "daemon off;"],
      environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], in: state)
  }

  /// - Throws: when something listens on a port of ours already, which nginx would say only in its
  ///   log.
  package static func requireFree(_ port: Int) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var on: Int32 = 1
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      throw OperatorError("Port \(port) is taken; choose another with --port or --sandbox-port.")
    }
  }
}
