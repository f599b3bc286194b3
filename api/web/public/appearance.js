// Sets the stored theme before the first paint; the pages' modules load only after it.
(function () {
  try {
    var theme = localStorage.getItem('pilotline.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch (blocked) {
    console.info('Storage is blocked; the theme follows the system.', blocked);
  }
})();
