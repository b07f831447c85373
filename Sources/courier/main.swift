import Countersign

Courier.runProgram()
