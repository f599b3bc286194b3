/** Wall view: a screen nobody sits at; larger type, no controls. */
class Wall {
  on = $state(new URLSearchParams(location.search).has('wall'));

  constructor() {
    this.#apply();
  }

  set(on: boolean): void {
    this.on = on;
    this.#apply();
  }

  #apply(): void {
    document.documentElement.toggleAttribute('data-wall', this.on);
  }
}

export const wall = new Wall();
