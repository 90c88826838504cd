export const tides = [
  { time: "03:12", height: 4.6 },
  { time: "09:27", height: 0.9 },
  { time: "15:41", height: 4.8 },
  { time: "21:55", height: 0.7 },
];
