import type { DeterministicAnswer } from './deterministic-answer.ts'
import { factorialOf } from './evaluate-expression.ts'
import { greatestCommonDivisor, rationalOf } from './rational.ts'

const ASK = "(?:(?:what is|what's|calculate|compute|find|determine) )?(?:the )?"
const INTEGERS = '(\\d{1,15}(?:(?:,? and |, ?)\\d{1,15})+)'
const DIVISOR = new RegExp(
  `^${ASK}(gcd|hcf|greatest common divisor|greatest common factor|highest common factor|lcm|least common multiple|lowest common multiple) of ${INTEGERS}$`,
)
const CALL = new RegExp(`^(?:(?:what is|calculate|compute) )?(gcd|lcm) ?\\(${INTEGERS}\\)$`)
const FACTORIAL = new RegExp(`^${ASK}(?:factorial of (\\d{1,3})|(\\d{1,3}) factorial)$`)
const PRIME =
  /^(?:is|check if|check whether|determine if|determine whether) (?:the number )?(\d{1,9}) (?:is )?(?:a )?prime(?: number)?$/
const FACTORS = new RegExp(
  `^${ASK}(?:list )?(?:the |all (?:the )?)?(?:prime factors|prime factorization|prime factorisation) (?:of|for) (\\d{1,9})$`,
)
const PARITY = /^is (?:the number )?(\d{1,40}) (?:an )?(even|odd)(?: number)?$/
const DIVISIBLE = /^is (?:the number )?(\d{1,40}) divisible by (\d{1,40})$/

/** Questions about whole numbers: divisors, multiples, factorials, primes, parity, divisibility. */
export function answerNumberTheory(instruction: string): DeterministicAnswer | undefined {
  return (
    answerDivisors(instruction) ??
    answerFactorial(instruction) ??
    answerPrimes(instruction) ??
    answerDivisibility(instruction)
  )
}

function exact(answer: string, explanation: string): DeterministicAnswer {
  return { tool: 'arithmetic', answer, confidence: 1, explanation }
}

function answerDivisors(instruction: string): DeterministicAnswer | undefined {
  const match = DIVISOR.exec(instruction) ?? CALL.exec(instruction)
  if (match === null) return undefined
  const numbers = (match[2] ?? '').split(/,? and |, ?/).map((digits) => BigInt(digits))
  const [first, ...others] = numbers
  if (first === undefined || others.length === 0 || numbers.includes(0n)) return undefined
  const isDivisor = /^(?:g|h)/.test(match[1] ?? '')
  const result = others.reduce((left, right) => {
    const divisor = greatestCommonDivisor(left, right)
    return isDivisor ? divisor : (left / divisor) * right
  }, first)
  return exact(
    result.toString(),
    isDivisor ? "Euclid's algorithm." : "Product divided by the greatest common divisor (Euclid's algorithm).",
  )
}

function answerFactorial(instruction: string): DeterministicAnswer | undefined {
  const match = FACTORIAL.exec(instruction)
  const value = match === null ? undefined : factorialOf(rationalOf(BigInt(match[1] ?? match[2] ?? '0')))
  return value === undefined ? undefined : exact(value.numerator.toString(), 'Product of the whole numbers from 1.')
}

function answerPrimes(instruction: string): DeterministicAnswer | undefined {
  const prime = PRIME.exec(instruction)
  if (prime !== null) {
    const value = Number(prime[1])
    const factors = primeFactorsOf(value)
    const isPrime = factors.length === 1
    return exact(
      isPrime ? 'Yes' : 'No',
      isPrime ? `${value} has no divisor but 1 and itself.` : `${value} is not prime by trial division.`,
    )
  }
  const listed = FACTORS.exec(instruction)
  const factors = listed === null ? [] : primeFactorsOf(Number(listed[1]))
  return factors.length === 0 ? undefined : exact(factors.join(' × '), 'Trial division.')
}

/** Prime factors in ascending order with repeats, by trial division (at most 31,623 steps below 10^9); empty below 2. */
function primeFactorsOf(value: number): readonly number[] {
  const factors: number[] = []
  let rest = value
  for (let divisor = 2; divisor * divisor <= rest; divisor++) {
    while (rest % divisor === 0) {
      factors.push(divisor)
      rest /= divisor
    }
  }
  if (rest > 1) factors.push(rest)
  return factors
}

function answerDivisibility(instruction: string): DeterministicAnswer | undefined {
  const parity = PARITY.exec(instruction)
  if (parity !== null) {
    const isEven = BigInt(parity[1] ?? '0') % 2n === 0n
    return exact(isEven === (parity[2] === 'even') ? 'Yes' : 'No', 'Remainder of the division by 2.')
  }
  const divisible = DIVISIBLE.exec(instruction)
  const divisor = BigInt(divisible?.[2] ?? '0')
  if (divisible === null || divisor === 0n) return undefined
  return exact(BigInt(divisible[1] ?? '0') % divisor === 0n ? 'Yes' : 'No', 'Remainder of the division.')
}
