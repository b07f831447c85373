import Countersign
import FoundationEssentials

/// GET /api/auth/2fa/devices
struct ListDevices {
  let devices: RememberedDevices
  let gate: SessionGate

  private struct Answer: Encodable {
    let devices: [Item]

    struct Item: Encodable {
      let id: RememberedDevice.ID
      let device: String
      let address: String
      let createdAt: Date
      let lastUsedAt: Date
      let expiresAt: Date
    }
  }

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    let items = try devices.list(session.account.id, at: request.time).map {
      Answer.Item(
        id: $0.id, device: $0.userAgent, address: $0.address, createdAt: $0.createdAt,
        lastUsedAt: $0.lastUsedAt, expiresAt: $0.expiresAt)
    }
    return try .json(Answer(devices: items))
  }
}

/// DELETE /api/auth/2fa/devices/{id}
struct ForgetDevice {
  let devices: RememberedDevices
  let gate: SessionGate

  func respond(to request: Request) throws -> Response {
    let session = try gate.fullyAuthenticated(request)
    guard let id = request.parameters["id"].flatMap({ RememberedDevice.ID($0) }) else {
      throw Rejection(.notFound)
    }
    try devices.forget(id, of: session.account.id, at: request.time)
    return .noContent
  }
}
