import Countersign

Server.run(
  "webhooks", maximumBody: ReceiveSendGridEvents.maximumBody,
  prepare: { _, _ in ForgedReports() }
) { context, forged in
  let connection = Connection(context.configuration.database)
  return Responder(
    connection, context, routes: Routes(connection, context, forged).table)
}
