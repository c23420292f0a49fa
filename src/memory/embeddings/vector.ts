/**
 * A vector as it is stored: its values as bytes, the greatest of them 127, and before them the length of these bytes as a
 * 32-bit number (little-endian), so that similarity is one sum of products. A quarter of the size, for at most 0.4 % of the
 * greatest value.
 */
const HEADER = 4;

/** A vector that others are compared with. */
export interface Direction {
  values: Int8Array;
  length: number;
}

/** @throws RangeError where the vector has no direction */
export function toBytes(vector: Float32Array): Uint8Array {
  let greatest = 0;
  for (const value of vector) greatest = Math.max(greatest, Math.abs(value));
  if (!(greatest > 0 && Number.isFinite(greatest))) throw new RangeError("The vector has no direction.");
  const bytes = new Uint8Array(HEADER + vector.length);
  const values = new Int8Array(bytes.buffer, HEADER);
  let squares = 0;
  for (let index = 0; index < vector.length; index++) {
    const value = Math.round(((vector[index] as number) / greatest) * 127);
    values[index] = value;
    squares += value * value;
  }
  new DataView(bytes.buffer).setFloat32(0, Math.sqrt(squares), true);
  return bytes;
}

export function toDirection(bytes: Uint8Array): Direction {
  return {
    values: new Int8Array(bytes.buffer, bytes.byteOffset + HEADER, bytes.length - HEADER),
    length: new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true),
  };
}

/** Cosine of the angle, from -1 to 1; undefined where the other vector has another number of dimensions. */
export function similarity(direction: Direction, bytes: Uint8Array): number | undefined {
  const { values, length } = toDirection(bytes);
  if (values.length !== direction.values.length) return undefined;
  let sum = 0;
  for (let index = 0; index < values.length; index++) {
    sum += (direction.values[index] as number) * (values[index] as number);
  }
  return sum / (length * direction.length);
}
