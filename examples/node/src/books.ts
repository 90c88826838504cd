export interface Book {
  title: string;
  author: string;
}

export const books: Book[] = [
  { title: "The Left Hand of Darkness", author: "Ursula K. Le Guin" },
  { title: "Invisible Cities", author: "Italo Calvino" },
  { title: "The Periodic Table", author: "Primo Levi" },
];
