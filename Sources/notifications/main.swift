import Countersign

Server.run("notifications", maximumBody: NotifyBatch.maximumBody) { context in
  let connection = Connection(context.configuration.database)
  return Responder(connection, context, routes: Routes(connection, context).table)
}
