import Countersign

Server.run("webhooks", maximumBody: ReceiveSendGridEvents.maximumBody) { context in
  let connection = Connection(context.configuration.database)
  return Responder(connection, context, routes: Routes(connection, context).table)
}
