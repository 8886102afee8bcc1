import { expect, test } from "vitest";
import { normalizeUnit } from "./unit.ts";

/** The names of BACnetEngineeringUnits in ASHRAE 135-2020, and the names of earlier editions for the same units. */
const STANDARD = `
meters-per-second-per-second square-meters square-centimeters square-feet square-inches
milliamperes amperes amperes-per-meter amperes-per-square-meter ampere-square-meters decibels decibels-millivolt
decibels-volt farads henrys ohms ohm-meter-squared-per-meter ohm-meters milliohms kilohms megohms microsiemens
millisiemens siemens siemens-per-meter microsiemens-per-centimeter millisiemens-per-centimeter millisiemens-per-meter
teslas volts millivolts kilovolts megavolts volt-amperes kilovolt-amperes megavolt-amperes volt-amperes-reactive
kilovolt-amperes-reactive megavolt-amperes-reactive volts-per-kelvin volts-per-degree-kelvin volts-per-meter
degrees-phase power-factor webers ampere-seconds volt-ampere-hours kilovolt-ampere-hours megavolt-ampere-hours
volt-ampere-hours-reactive kilovolt-ampere-hours-reactive megavolt-ampere-hours-reactive volt-square-hours
ampere-square-hours joules kilojoules kilojoules-per-kilogram megajoules watt-hours kilowatt-hours megawatt-hours
watt-hours-reactive kilowatt-hours-reactive megawatt-hours-reactive btus kilo-btus mega-btus therms ton-hours
joules-per-kilogram-dry-air kilojoules-per-kilogram-dry-air megajoules-per-kilogram-dry-air btus-per-pound-dry-air
btus-per-pound joules-per-kelvin joules-per-degree-kelvin kilojoules-per-kelvin kilojoules-per-degree-kelvin
megajoules-per-kelvin megajoules-per-degree-kelvin joules-per-kilogram-kelvin joules-per-kilogram-degree-kelvin newton
cycles-per-hour cycles-per-minute hertz kilohertz megahertz per-day per-hour per-minute per-second per-millisecond
grams-of-water-per-kilogram-dry-air grains-of-water-per-pound-dry-air percent-relative-humidity micrometers millimeters
centimeters kilometers meters inches feet yards miles nautical-miles candelas candelas-per-square-meter
watts-per-square-foot watts-per-square-meter lumens luxes foot-candles milligrams grams kilograms pounds-mass
metric-tonnes short-tons long-tons grams-per-second grams-per-minute grams-per-hour grams-per-day kilograms-per-second
kilograms-per-minute kilograms-per-hour kilograms-per-day pounds-mass-per-second pounds-mass-per-minute
pounds-mass-per-hour pounds-mass-per-day short-tons-per-second short-tons-per-minute short-tons-per-hour
short-tons-per-day metric-tonnes-per-second metric-tonnes-per-minute metric-tonnes-per-hour metric-tonnes-per-day
long-tons-per-second long-tons-per-minute long-tons-per-hour long-tons-per-day milliwatts watts kilowatts megawatts
gigawatts btus-per-second btus-per-minute btus-per-hour btus-per-day kilo-btus-per-second kilo-btus-per-minute
kilo-btus-per-hour kilo-btus-per-day mega-btus-per-second mega-btus-per-minute mega-btus-per-hour mega-btus-per-day
joules-per-second joules-per-minute joules-per-hour joules-per-day kilojoules-per-second kilojoules-per-minute
kilojoules-per-hour kilojoules-per-day megajoules-per-second megajoules-per-minute megajoules-per-hour
megajoules-per-day horsepower tons-refrigeration btu-per-hour-per-watt btu-per-watt-hour-seasonal
coefficient-of-performance coefficient-of-performance-seasonal kilowatt-per-ton-refrigeration lumens-per-watt pascals
hectopascals kilopascals millibars bars pounds-force-per-square-inch pounds-force-per-square-inch-absolute
pounds-force-per-square-inch-gauge millimeters-of-water centimeters-of-water inches-of-water millimeters-of-mercury
centimeters-of-mercury inches-of-mercury degrees-celsius degrees-celsius-per-day degrees-celsius-per-hour
degrees-celsius-per-minute kelvin degrees-kelvin kelvin-per-hour degrees-kelvin-per-hour kelvin-per-minute
degrees-kelvin-per-minute degrees-fahrenheit degrees-fahrenheit-per-day degrees-fahrenheit-per-hour
degrees-fahrenheit-per-minute degree-days-celsius degree-days-fahrenheit degree-hours-celsius degree-hours-fahrenheit
degree-minutes-celsius degree-minutes-fahrenheit degree-seconds-celsius degree-seconds-fahrenheit
delta-degrees-celsius delta-degrees-fahrenheit delta-kelvin delta-degrees-kelvin years months weeks days hours minutes
seconds hundredths-seconds milliseconds microseconds nanoseconds newton-meters pound-force-feet pound-force-inches
ounce-force-inches millimeters-per-second millimeters-per-minute meters-per-second meters-per-minute meters-per-hour
kilometers-per-hour feet-per-second feet-per-minute miles-per-hour cubic-feet cubic-meters imperial-gallons milliliters
liters us-gallons millions-of-us-gallons millions-of-imperial-gallons cubic-feet-per-second cubic-feet-per-minute
cubic-feet-per-hour cubic-feet-per-day million-standard-cubic-feet-per-minute standard-cubic-feet-per-day
million-standard-cubic-feet-per-day thousand-cubic-feet-per-day thousand-standard-cubic-feet-per-day
million-cubic-feet-per-minute million-cubic-feet-per-day cubic-meters-per-second cubic-meters-per-minute
cubic-meters-per-hour cubic-meters-per-day imperial-gallons-per-second imperial-gallons-per-minute
milliliters-per-second milliliters-per-minute liters-per-second liters-per-minute liters-per-hour liters-per-day
us-gallons-per-second us-gallons-per-minute us-gallons-per-hour us-gallons-per-day degrees-angular joule-seconds
kilograms-per-cubic-meter kilowatt-hours-per-square-meter kilowatt-hours-per-square-foot watt-hours-per-cubic-meter
joules-per-cubic-meter megajoules-per-square-meter megajoules-per-square-foot mole-percent newton-seconds
newtons-per-meter parts-per-million parts-per-billion pascal-seconds percent percent-obscuration-per-foot
percent-obscuration-per-meter percent-per-second percent-per-minute percent-per-hour percent-per-day
psi-per-degree-fahrenheit radians radians-per-second revolutions-per-minute square-meters-per-newton
watts-per-meter-per-kelvin watts-per-meter-per-degree-kelvin watts-per-square-meter-per-kelvin
watts-per-square-meter-degree-kelvin per-mille per-million per-billion grams-per-gram milligrams-per-gram
kilograms-per-kilogram grams-per-kilogram milligrams-per-kilogram micrograms-per-kilogram nanograms-per-kilogram
grams-per-milliliter milligrams-per-milliliter micrograms-per-milliliter nanograms-per-milliliter kilograms-per-liter
grams-per-liter milligrams-per-liter micrograms-per-liter nanograms-per-liter grams-per-cubic-meter
milligrams-per-cubic-meter micrograms-per-cubic-meter nanograms-per-cubic-meter grams-per-cubic-centimeter
milligrams-per-cubic-centimeter micrograms-per-cubic-centimeter nanograms-per-cubic-centimeter particles-per-cubic-foot
particles-per-cubic-meter picocuries-per-liter becquerels-per-cubic-meter becquerels kilobecquerels megabecquerels gray
milligray microgray sieverts millisieverts microsieverts microsieverts-per-hour millirems millirems-per-hour decibels-a
nephelometric-turbidity-unit ph grams-per-square-meter minutes-per-kelvin alcohol-by-volume mils-per-year
millimeters-per-year pulses-per-minute bits-per-second kilobits-per-second megabits-per-second gigabits-per-second
bytes-per-second kilobytes-per-second megabytes-per-second gigabytes-per-second`
  .trim()
  .split(/\s+/);

const numbered = (name: string) => Array.from({ length: 10 }, (_, i) => `${name}${i + 1}`);

/** Names that stay unchanged: they depend on the site, or two units share them, or no building uses them. */
const KEPT = [
  ...["currency", "volume", "volumetric-flow", "site-unit"].flatMap(numbered),
  ...[
    "active-energy",
    "reactive-energy",
    "apparent-energy",
    "volt-squared-hour",
    "ampere-squared-hour",
    "cubic-meter",
  ].map((name) => `${name}-pulse-value`),
  "tons",
  "tons-per-hour",
  "picoseconds",
  "degrees-lovibond",
  "degrees-plato",
  "international-bittering-units",
  "european-bitterness-units",
  "specific-gravity",
  "european-brewing-convention",
];

const camelCase = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

test("every name of the standard but 55 has a symbol, in kebab and camel case", () => {
  expect([STANDARD.length, KEPT.length]).toEqual([371, 55]);
  const unknown = [...STANDARD, ...STANDARD.map(camelCase)].filter((name) => normalizeUnit(name) === name);
  expect(unknown).toEqual([]);
  expect(STANDARD.filter((name) => normalizeUnit(name) !== normalizeUnit(camelCase(name)))).toEqual([]);
});

test("ambiguous names stay unchanged", () => {
  expect(KEPT.filter((name) => normalizeUnit(name) !== name)).toEqual([]);
});

test("a symbol maps to itself", () => {
  const symbols = [...new Set(STANDARD.map(normalizeUnit))];
  expect(symbols.filter((symbol) => normalizeUnit(symbol) !== symbol)).toEqual([]);
});
