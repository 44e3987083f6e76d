// Money is text from the bank to the screen: exact decimals, no floating point, no currency guessed.

const UNOFFICIAL = { maximumFractionDigits: 8 };

function parse(text) {
  const [, sign, whole, fraction = ""] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`Not a decimal number: ${text}`);
  const digits = BigInt(whole + fraction);
  return { digits: sign === "-" ? -digits : digits, places: fraction.length };
}

const scaled = ({ digits, places }, to) => digits * 10n ** BigInt(to - places);

function aligned(texts) {
  const numbers = texts.map(parse);
  const places = Math.max(0, ...numbers.map((number) => number.places));
  return { digits: numbers.map((number) => scaled(number, places)), places };
}

function print(digits, places) {
  const sign = digits < 0n ? "-" : "";
  const text = String(digits < 0n ? -digits : digits).padStart(places + 1, "0");
  const cut = text.length - places;
  return places ? `${sign}${text.slice(0, cut)}.${text.slice(cut)}` : sign + text;
}

export const isNegative = (amount) => parse(amount).digits < 0n;

export function isMore(one, other) {
  const { digits } = aligned([one, other]);
  return digits[0] > digits[1];
}

export const negate = (amount) => (amount.startsWith("-") ? amount.slice(1) : `-${amount}`);

export function sum(amounts) {
  const { digits, places } = aligned(amounts);
  return print(digits.reduce((total, one) => total + one, 0n), places);
}

// The share of a part in a whole, in thousandths from 0 to 1000: for the length of a bar, not for books.
export function share(part, whole) {
  const { digits } = aligned([part, whole]);
  if (digits[0] <= 0n || digits[1] <= 0n) return 0;
  return Number((digits[0] * 1000n) / digits[1]);
}

// Prints an amount in its own currency; Intl knows the decimals of each (yen have none).
export function format(amount, currency, unofficial = null) {
  if (currency) {
    try {
      return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  const number = new Intl.NumberFormat(undefined, UNOFFICIAL).format(amount);
  const code = currency ?? unofficial;
  return code ? `${number} ${code}` : number;
}

const names = new Intl.DisplayNames(undefined, { type: "currency", fallback: "code" });

export function nameOf(currency, unofficial) {
  if (!currency) return unofficial ?? "Currency unknown";
  try {
    return names.of(currency);
  } catch {
    return currency;
  }
}
