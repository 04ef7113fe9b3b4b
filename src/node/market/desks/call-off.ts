import type { JsonValue } from '../../../base/canonical-json.ts'
import type { Buyer } from '../../../market/parties/buying/buyer.ts'
import { type ControlRequest, requiredText } from '../../control/control-request.ts'

/** Ends a purchase before this node signs its contract. `isCalledOff` is false where it has signed: the contract goes on. Throws `REQUEST_INVALID`, and as `Buyer.giveUp`. */
export async function callOff(buyer: Pick<Buyer, 'giveUp'>, request: ControlRequest): Promise<JsonValue> {
  return { isCalledOff: await buyer.giveUp(requiredText(request, 'key')) }
}
